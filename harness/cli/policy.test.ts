import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeImagesCommand } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { scaledClock } from '../clock.ts'
import { connectCloud } from '../connect/index.ts'
import type { PolicyDocument } from '../policy.ts'

const CLI = join(import.meta.dirname, '../cli.ts')
const PATIENT = 120_000

let project: string
let embedded: EmbeddedCloud
const called = new Set<string>()

beforeAll(async () => {
  embedded = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'fast' })
  await using cloud = connectCloud(embedded.address)
  const filter = { Name: 'name', Values: ['sluice-sample-app'] }
  const images = await cloud.region().ec2.send(new DescribeImagesCommand({ Filters: [filter] }))
  await createSampleService(cloud, { name: 'shop', release: { version: '1.0.0' } })
  embedded.world.faults.calls.add(({ service, operation }) => void called.add(`${service}:${operation}`))
  const imageId = images.Images?.[0]?.ImageId
  const errors = { version: '1.2.0', defects: [{ kind: 'error', rate: 0.5 }] }
  const config = {
    cloud: { kind: 'endpoint', url: embedded.endpoint },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: {
      old: { version: '1.0.0' },
      new: { version: '1.1.0', userData: { version: '1.1.0' }, imageId },
      errors: { version: '1.2.0', userData: errors },
    },
    baseline: 'old',
    release: 'new',
    strategy: { name: 'canary', options: { steps: [50, 100], bake: '2m', extend: '4m' } },
    gates: { minRequests: 50, latency: { p99: '5s' } },
  }
  project = mkdtempSync(join(tmpdir(), 'sluice-policy-'))
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
})
afterAll(async () => {
  rmSync(project, { recursive: true })
  await embedded[Symbol.asyncDispose]()
})

function sluice(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, ['--conditions=sluice-source', CLI, ...args], {
    cwd: project,
    env: { ...process.env, NO_COLOR: '1' },
  })
  const text = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    text.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    text.err += chunk
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...text })))
}

async function allowed(): Promise<string[]> {
  const { code, out } = await sluice(['policy'])
  expect(code).toBe(0)
  return (JSON.parse(out) as PolicyDocument).Statement.flatMap(({ Action }) => Action)
}

/** What AWS asks for behind a call; that Sluice launches one instance itself is for the embedded cloud alone. */
const IMPLIED = ['ec2:CreateTags', 'ec2:RunInstances', 'elasticloadbalancing:AddTags', 'iam:PassRole']
const EMBEDDED_ONLY = ['ec2:RunInstances', 'ec2:TerminateInstances']

test('the policy reaches no cloud, and keeps its JSON apart from what it says to people', async () => {
  const before = called.size
  const { out, err } = await sluice(['policy', '--resilience'])
  expect(JSON.parse(out)).toMatchObject({ Version: '2012-10-17' })
  expect(out).toContain('autoscaling:TerminateInstanceInAutoScalingGroup')
  expect(err).toMatch(/create-or-update-tags .*Key=sluice:service,Value=shop/)
  expect(called.size).toBe(before)
})

test('a deployment that promotes and one that goes back call what the policy allows, and all of it', {
  timeout: PATIENT,
}, async () => {
  const promoted = await sluice(['deploy'])
  expect(promoted.code, promoted.err).toBe(0)
  const reverted = await sluice(['deploy', '--release', 'errors'])
  expect(reverted.code, reverted.err).toBe(3)
  const wanted = (await allowed()).filter((action) => !IMPLIED.includes(action)).sort()
  const made = [...called].filter((action) => !EMBEDDED_ONLY.includes(action) && !action.startsWith('sts:'))
  expect(made.sort()).toEqual(wanted)
})
