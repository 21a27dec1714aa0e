import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { scaledClock } from '../clock.ts'
import { connectCloud } from '../connect/index.ts'

const CLI = join(import.meta.dirname, '../cli.ts')
const STATED =
  /live AWS account 123456789012, region eu-west-1, by AWS_ENDPOINT_URL at http:\S+, service shop \(load balancer shop, port 80\): about to deploy 1\.1\.0 over 1\.0\.0 by canary in \d stages/

let project: string
let embedded: EmbeddedCloud
let changes: string[]

/** An account with the service in it, and a project whose config allows that account. */
beforeAll(async () => {
  embedded = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'instant', region: 'eu-west-1' })
  embedded.world.faults.answered.add(({ operation }) => {
    if (!/^(Describe|Get|List)/.test(operation)) changes.push(operation)
  })
  changes = []
  await using cloud = connectCloud(embedded.address)
  const service = { name: 'shop', loadBalancer: 'shop', listener: 80, region: 'eu-west-1' }
  await createSampleService(cloud, { ...service, release: { version: '1.0.0' } })
  project = mkdtempSync(join(tmpdir(), 'sluice-live-'))
  const config = {
    cloud: { kind: 'live', accounts: ['123456789012'], regions: ['eu-west-1'] },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: { old: { version: '1.0.0' }, new: { version: '1.1.0' } },
    baseline: 'old',
    release: 'new',
    strategy: { name: 'canary', options: {} },
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
})
afterAll(async () => {
  rmSync(project, { recursive: true })
  await embedded[Symbol.asyncDispose]()
})
beforeEach(() => {
  changes = []
})

/** Runs a command with only these credentials to find; `reply` is typed on a terminal of its own. */
function sluice(args: readonly string[], reply?: string): Promise<{ code: number | null; text: string }> {
  const command = [process.execPath, '--conditions=sluice-source', CLI, ...args, '--cloud', 'live']
  const [program = '', ...rest] =
    reply === undefined
      ? command
      : ['script', '--quiet', '--return', '--command', command.join(' '), '/dev/null']
  const nothing = '/nonexistent/aws'
  const child = spawn(program, rest, {
    cwd: project,
    env: {
      PATH: process.env['PATH'],
      TERM: 'xterm',
      NO_COLOR: '1',
      AWS_ENDPOINT_URL: embedded.endpoint,
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_CONFIG_FILE: nothing,
      AWS_SHARED_CREDENTIALS_FILE: nothing,
    },
  })
  return new Promise((resolve) => {
    let text = ''
    let asked = false
    const hear = (chunk: Buffer): void => {
      text += chunk.toString()
      if (asked || !text.includes('[y/N]')) return
      asked = true
      child.stdin.write(`${reply}\n`)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('close', (code) => resolve({ code, text }))
  })
}

const untouched = (): void => {
  expect(changes).toEqual([])
  expect(existsSync(join(project, '.sluice'))).toBe(false)
}

test('a plan is drawn in a live account without changing or asking anything', async () => {
  const { code, text } = await sluice(['plan'])
  expect(code, text).toBe(0)
  expect(text).toContain('shop: 1.0.0 → 1.1.0 by canary')
  untouched()
})

test('where nobody can be asked, a deployment says what it would touch and stops', async () => {
  const { code, text } = await sluice(['deploy'])
  expect(text).toMatch(STATED)
  expect(text).toMatch(/nothing was touched\n.*--yes/)
  expect(code).toBe(2)
  untouched()
})

// `script`, which gives it a terminal, takes other arguments elsewhere.
test.runIf(process.platform === 'linux')('on a terminal it asks; no is no', async () => {
  const { code, text } = await sluice(['deploy'], 'n')
  expect(text).toMatch(STATED)
  expect(text).toContain('not confirmed; nothing was touched')
  expect(code).toBe(2)
  untouched()
})

test('a denied call is one message that names the action and the next step', async () => {
  const chaos = await embedded.chaos()
  chaos.inject({ action: 'sluice:deny-api', parameters: { operations: ['DescribeListeners'] } })
  onTestFinished(() => chaos.clear())
  const { code, text } = await sluice(['plan'])
  expect(text).toMatch(
    /^sluice: AWS denies a call \(AccessDenied\w*\): User: \S+ is not authorized to perform: elasticloadbalancing:DescribeListeners .*\n.*`sluice policy`.*\n$/,
  )
  expect(code).toBe(2)
  untouched()
})
