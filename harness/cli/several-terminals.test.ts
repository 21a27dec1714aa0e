import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { scaledClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import { observeService } from '../converge/observe.ts'
import type { ServiceRef } from '../gate.ts'
import type { JournalEvent } from '../journal/event.ts'
import { deployIn, only } from './deploy-process.ts'
import { sluiceIn } from './kept-account.ts'

const PATIENT = { timeout: 120_000 }
const REGIONS = ['eu-west-1', 'us-east-1'] as const
const ENTRY = { loadBalancer: 'shop', listener: 80 }

let project: string
let embedded: EmbeddedCloud
let cloud: Cloud

/** A cloud that outlives its deployments, with the service in two regions, and a project that deploys to both. */
beforeEach(async () => {
  embedded = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'fast' })
  cloud = connectCloud(embedded.address)
  for (const [network, region] of REGIONS.entries()) {
    const spec = { name: 'shop', ...ENTRY, region, network, domain: `${region}.example.com` }
    await createSampleService(cloud, { ...spec, release: { version: '1.0.0' } })
  }
  project = mkdtempSync(join(tmpdir(), 'sluice-several-'))
  const config = {
    cloud: { kind: 'endpoint', url: embedded.endpoint },
    service: { name: 'shop', entry: ENTRY },
    releases: {
      old: { version: '1.0.0' },
      new: { version: '1.1.0' },
      errors: {
        version: '1.2.0',
        userData: { version: '1.2.0', defects: [{ kind: 'error', rate: 0.5, zone: 'us-east-1a' }] },
      },
    },
    baseline: 'old',
    release: 'new',
    strategy: {
      name: 'waves',
      options: {
        waves: [...REGIONS],
        bake: '1m',
        strategy: { name: 'canary', options: { steps: [50, 100], bake: '2m', extend: '8m' } },
      },
    },
    // A busy machine delays the probe; how late it may be is a share of this limit.
    gates: { minRequests: 50, latency: { p99: '5s' } },
    probe: { rate: 50 },
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
})

afterEach(async () => {
  rmSync(project, { recursive: true })
  await cloud[Symbol.asyncDispose]()
  await embedded[Symbol.asyncDispose]()
})

/** Another terminal. */
async function sluice(...args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const { code, out, err } = await sluiceIn(project, args)
  return { code, text: out + err }
}

const observed = () =>
  Promise.all(
    REGIONS.map((region) => {
      const ref: ServiceRef = { name: 'shop', region, entry: ENTRY, fleets: 'clone', url: '/' }
      return observeService(cloud, ref)
    }),
  )

const serving = async (): Promise<unknown[]> =>
  (await observed()).map(({ region, fleets }) => [
    region,
    ...fleets.map(({ role, release, desiredCapacity }) => `${role} ${release} ×${desiredCapacity}`),
  ])

test(
  'killed in its second wave, a deployment is taken up by another process, and all regions stand as they stood',
  PATIENT,
  async () => {
    const before = await observed()
    const kill = (event: JournalEvent, child: ChildProcess): void => {
      if (event.type === 'stage-reached' && event.name === 'wave 2 (us-east-1): canary 50%')
        process.kill(-(child.pid ?? 0), 'SIGKILL')
    }
    const { code } = await deployIn(project, [], kill)
    expect(code).not.toBe(0)
    expect(await observed()).not.toEqual(before)
    const unlocked = await sluice('unlock', '--yes')
    for (const region of REGIONS) expect(unlocked.text).toContain(`shop@${region} is held by`)
    // Its journal looks alive for a while; nothing else writes to it.
    await expect.poll(async () => (await sluice('status')).text, { timeout: 30_000 }).toContain('cut off')
    const resumed = await sluice('resume')
    expect(resumed.code, resumed.text).toBe(130)
    expect(await observed()).toEqual(before)
  },
)

test(
  'what was promoted in all regions is shown by status, held by nobody, and taken back everywhere',
  PATIENT,
  async () => {
    const { code, err } = await deployIn(project, [])
    expect(code, err).toBe(0)
    const promoted = ['stable 1.1.0 ×4', 'parked 1.0.0 ×0']
    expect(await serving()).toEqual(REGIONS.map((region) => [region, ...promoted]))
    const status = await sluice('status')
    for (const region of REGIONS) expect(status.text).toContain(`shop@${region}`)
    expect(status.text.match(/held by nobody/g)).toHaveLength(2)
    const reverted = await sluice('revert')
    expect(reverted.code, reverted.text).toBe(0)
    expect((await serving()).flat().filter((each) => /^stable/.test(String(each)))).toEqual([
      'stable 1.0.0 ×4',
      'stable 1.0.0 ×4',
    ])
  },
)

test(
  'a region that answers no more on the way back is said to be left, item by item; the others are back',
  PATIENT,
  async () => {
    const before = await observed()
    const chaos = await embedded.chaos()
    let cut = false
    const cutOff = (event: JournalEvent): void => {
      if (cut || event.type !== 'stage-reached' || event.name !== 'wave 2 (us-east-1): canary 50%') return
      cut = true
      for (const service of ['elasticloadbalancing', 'autoscaling'] as const)
        chaos.inject({
          action: 'aws:fis:inject-api-unavailable-error',
          parameters: { service },
          region: 'us-east-1',
        })
    }
    const { code, events, err } = await deployIn(project, ['--release', 'errors'], cutOff)
    expect(code, err).toBe(5)
    const [end] = only(events, 'deployment-ended')
    expect(end?.state).toBe('revert-incomplete')
    expect(end?.left.length).toBeGreaterThan(0)
    for (const item of end?.left ?? []) expect(item).toMatch(/^shop@us-east-1: /)
    chaos.clear()
    const [west, east] = await observed()
    expect(west).toEqual(before[0])
    expect(east).not.toEqual(before[1])
  },
)
