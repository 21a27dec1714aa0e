import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { sampleAccount } from './sample-account.ts'

const STATED =
  /live AWS account 123456789012, region eu-west-1, by AWS_ENDPOINT_URL at http:\S+, service shop \(load balancer shop, port 80\): about to deploy 1\.1\.0 over 1\.0\.0 by canary in \d stages/

let account: Awaited<ReturnType<typeof sampleAccount>>

beforeAll(async () => {
  account = await sampleAccount()
})
afterAll(() => account[Symbol.asyncDispose]())

const untouched = (): void => {
  expect([...account.changed]).toEqual([])
  expect(account.journaled).toBe(false)
}

test('a plan is drawn in a live account without changing or asking anything', async () => {
  const { code, out, err } = await account.sluice(['plan'])
  expect(code, err).toBe(0)
  expect(out).toContain('shop: 1.0.0 → 1.1.0 by canary')
  untouched()
})

test('where nobody can be asked, a deployment says what it would touch and stops', async () => {
  const { code, err } = await account.sluice(['deploy'])
  expect(err).toMatch(STATED)
  expect(err).toMatch(/nothing was touched\n.*--yes/)
  expect(code).toBe(2)
  untouched()
})

// `script`, which gives it a terminal, takes other arguments elsewhere.
test.runIf(process.platform === 'linux')('on a terminal it asks; no is no', async () => {
  const { code, out } = await account.sluice(['deploy'], { reply: 'n' })
  expect(out).toMatch(STATED)
  expect(out).toContain('not confirmed; nothing was touched')
  expect(code).toBe(2)
  untouched()
})

test.each([
  ['resilience', {}, /do not terminate instances in a live account/],
  ['post-deploy', { SLUICE_SCENARIO: '1' }, /do not create the sample service in a live account/],
])('suites of %s that run alone, with %o, change nothing in it', async (phase, env, message) => {
  const script = join(import.meta.dirname, 'standalone-process.ts')
  const child = spawn(process.execPath, ['--conditions=sluice-source', script, phase], {
    cwd: account.project,
    env: { ...process.env, SLUICE_CLOUD: 'live', AWS_ENDPOINT_URL: account.embedded.endpoint, ...env },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const [told] = await once(child, 'message')
  expect(told).toMatchObject({ kind: 'failed', message: expect.stringMatching(message) })
  untouched()
})

test('a denied call is one message that names the action and the next step', async () => {
  const chaos = await account.embedded.chaos()
  chaos.inject({ action: 'sluice:deny-api', parameters: { operations: ['DescribeListeners'] } })
  onTestFinished(() => chaos.clear())
  const { code, err } = await account.sluice(['plan'])
  expect(err).toMatch(
    /^sluice: AWS denies a call \(AccessDenied\w*\): User: \S+ is not authorized to perform: elasticloadbalancing:DescribeListeners .*\n.*`sluice policy`.*\n$/,
  )
  expect(code).toBe(2)
  untouched()
})
