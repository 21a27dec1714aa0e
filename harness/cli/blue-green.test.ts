import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JournalEvent } from '../journal/event.ts'
import { summarise } from '../journal/summary.ts'
import { deployIn, expectAsBefore, only } from './deploy-process.ts'
import { keptAccount } from './kept-account.ts'

const PATIENT = { timeout: 90_000 }

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sluice-blue-green-'))
})
afterEach(() => rmSync(project, { recursive: true }))

const WAYS = [
  { how: 'a header', test: { header: { 'x-test': 'green' } }, made: 'add-route', gone: 'remove-route' },
  {
    how: 'a test listener',
    test: { listener: 8080 },
    made: 'add-test-listener',
    gone: 'remove-test-listener',
  },
] as const

/** Asks by the way that the stage has, as any suite of a user does. */
const SUITE = `import { expect, test } from '${join(import.meta.dirname, '../test/index.ts')}'
test('what is asked is the new release', async ({ http, stage, release }) => {
  const { version } = await http.get('/')
  if (stage?.name === 'green stands') expect(version).toBe(release.version)
})
`

const deploy = (way: object, release: 'good' | 'wrong') => {
  const userData = { version: '1.2.0', defects: [{ kind: 'wrong-page' }] }
  const config = {
    cloud: { kind: 'embedded', timeScale: 100, settle: 'fast' },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: {
      old: { version: '1.0.0' },
      good: { version: '1.1.0' },
      wrong: { version: '1.2.0', userData },
    },
    baseline: 'old',
    release,
    strategy: { name: 'blue-green', options: { test: way, bake: '2m', extend: '4m' } },
    gates: { minRequests: 50, latency: { p99: '5s', slowdown: 20 } },
    suites: { shift: ['own.suite.mjs'] },
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
  writeFileSync(join(project, 'own.suite.mjs'), SUITE)
  return deployIn(project, [])
}

const kindsOf = (events: readonly JournalEvent[]): string[] =>
  only(events, 'action-intended').map(({ kind }) => kind)

test.each(WAYS)(
  'green is tested by $how before anyone meets it, and nothing of that is left after the swap',
  PATIENT,
  async ({ test: way, made, gone }) => {
    const { code, events, err } = await deploy(way, 'good')
    expect(code, err).toBe(0)
    expect(summarise(events).requests.harmed).toBe(0)
    const [green] = only(events, 'gate-ended').filter(({ stage }) => stage === 'green stands')
    const asked = green?.tests.filter(({ name }) => /reach the new release, and nothing else/.test(name))
    expect(asked?.map(({ status }) => status)).toContain('passed')
    const own = green?.tests.filter(({ file }) => file.endsWith('own.suite.mjs'))
    expect(own?.map(({ status }) => status)).toContain('passed')
    const kinds = kindsOf(events)
    expect(kinds.filter((kind) => kind === made || kind === gone)).toEqual([made, gone])
    const [end] = only(events, 'deployment-ended')
    expect(end?.after[0]).not.toHaveProperty('routes')
    expect(end?.after[0]).not.toHaveProperty('listeners')
  },
)

test.each(WAYS)(
  'green that shows a wrong page to tests by $how is turned back, and nothing of that is left',
  PATIENT,
  async ({ test: way, gone }) => {
    const { code, events, err } = await deploy(way, 'wrong')
    expect(code, err).toBe(3)
    expect(only(events, 'stage-reached').map(({ name }) => name)).toEqual(['green stands'])
    expect(summarise(events).requests.harmed).toBe(0)
    expect(kindsOf(events)).toContain(gone)
    expectAsBefore(events)
  },
)

test('a port that somebody else listens on is refused before anything is touched', PATIENT, async () => {
  await using account = await keptAccount()
  const { elbv2 } = account.cloud.region()
  await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: account.service.loadBalancerArn,
      Port: 8080,
      Protocol: 'HTTP',
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    }),
  )
  account.configure({ strategy: { name: 'blue-green', options: { test: { listener: 8080 } } } })
  const before = await account.resources()
  const { code, err } = await deployIn(account.project, [])
  expect(code).toBe(2)
  expect(err).toContain('port 8080 has a listener that Sluice did not make')
  expect(await account.resources()).toEqual(before)
})
