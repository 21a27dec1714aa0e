import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JournalEvent } from '../journal/event.ts'
import { summarise } from '../journal/summary.ts'
import type { StrategySpec } from '../strategy.ts'
import { deployIn, only } from './deploy-process.ts'

const PATIENT = { timeout: 120_000 }

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sluice-compositions-'))
})
afterEach(() => rmSync(project, { recursive: true }))

const bad = (version: string) => ({ version, userData: { version, defects: [{ kind: 'error', rate: 0.5 }] } })

const base = {
  cloud: { kind: 'embedded', timeScale: 100, settle: 'fast' },
  // A busy machine delays the probe; how late it may be is a share of this limit.
  gates: { minRequests: 50, latency: { p99: '5s' } },
  probe: { rate: 50 },
}

const deployWith = (config: object, on?: Parameters<typeof deployIn>[2]) => {
  writeFileSync(
    join(project, 'sluice.config.mjs'),
    `export default ${JSON.stringify({ ...base, ...config })}\n`,
  )
  return deployIn(project, [], on)
}

const swap: StrategySpec = { name: 'canary', options: { steps: [50, 100], bake: '2m', extend: '8m' } }

const EAST = 'shop@us-east-1'
const WEST = 'shop@eu-west-1'

const waves = (release: string, options: object = {}) => ({
  service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
  releases: { old: { version: '1.0.0' }, good: { version: '1.1.0' }, errors: bad('1.2.0') },
  baseline: 'old',
  release,
  strategy: {
    name: 'waves',
    options: { waves: ['eu-west-1', 'us-east-1'], strategy: swap, bake: '1m', ...options },
  },
})

const stagesReached = (events: readonly JournalEvent[]): string[] =>
  only(events, 'stage-reached').map(({ name }) => name)

const endOf = (events: readonly JournalEvent[]) => only(events, 'deployment-ended')[0]

/** What a site's services were before, or are after. */
const standing = (services: readonly { readonly scope: string }[] | undefined, scope: string) =>
  services?.find((each) => each.scope === scope)

test(
  'waves: region after region, each watched at the barrier, and old fleets go when all are proven',
  PATIENT,
  async () => {
    const { code, events, err } = await deployWith(waves('good'))
    expect(code, err).toBe(0)
    expect(stagesReached(events)).toEqual([
      'wave 1 (eu-west-1): canary 50%',
      'wave 1 (eu-west-1): canary 100%',
      'wave 1 (eu-west-1): barrier',
      'wave 2 (us-east-1): canary 50%',
      'wave 2 (us-east-1): canary 100%',
      'retire old',
    ])
    expect(summarise(events).requests.harmed).toBe(0)
    const scopes = only(events, 'traffic').map(({ scope }) => scope)
    expect(new Set(scopes)).toEqual(new Set([WEST, EAST]))
    // The second region is not touched before the first has passed its barrier.
    const passed = events.findIndex(
      (event) => event.type === 'gate-ended' && event.stage === 'wave 1 (eu-west-1): barrier',
    )
    const east = events.findIndex((event) => event.type === 'action-intended' && event.scope === EAST)
    expect(passed).toBeGreaterThan(0)
    expect(east).toBeGreaterThan(passed)
  },
)

test(
  'waves: where the last region turns out bad, all regions go back, and stand as they stood',
  PATIENT,
  async () => {
    const later = waves('good')
    // Only what the second region launches is bad: it is told so by where it runs.
    const only2 = { kind: 'error', rate: 0.5, zone: 'us-east-1a' }
    const releases = {
      ...later.releases,
      good: { version: '1.1.0', userData: { version: '1.1.0', defects: [only2] } },
    }
    const { code, events, err } = await deployWith({ ...later, releases })
    expect(code, err).toBe(3)
    // Where users meet it before all nodes have the weights, the stage is not reached.
    expect(only(events, 'gate-ended').at(-1)).toMatchObject({
      stage: expect.stringMatching(/^wave 2/),
      verdict: { status: 'failed' },
    })
    const before = only(events, 'deployment-started')[0]?.before
    expect(before?.map(({ scope }) => scope)).toEqual([WEST, EAST])
    expect(endOf(events)).toMatchObject({ state: 'reverted', left: [] })
    expect(endOf(events)?.after).toEqual(before)
    expect(only(events, 'traffic-restored').map(({ scope }) => scope)).toEqual([EAST, WEST])
    expect(err).toContain(EAST)
  },
)

test('waves: an earlier wave that is settled keeps the release when a later one fails', PATIENT, async () => {
  const kept = waves('good', { earlier: 'keep' })
  const defects = [{ kind: 'error', rate: 0.5, zone: 'us-east-1a' }]
  const releases = { ...kept.releases, good: { version: '1.1.0', userData: { version: '1.1.0', defects } } }
  const { code, events, err } = await deployWith({ ...kept, releases })
  expect(code, err).toBe(3)
  const end = endOf(events)
  expect(end?.sentence).toContain(`${WEST} keeps 1.1.0`)
  const before = only(events, 'deployment-started')[0]?.before
  expect(standing(end?.after, EAST)).toEqual(standing(before, EAST))
  expect(standing(end?.after, WEST)).toMatchObject({ fleets: [{ role: 'stable', release: '1.1.0' }, {}] })
})

const shop = (release: string, options: object = {}) => ({
  system: {
    name: 'shop',
    services: {
      web: { entry: { loadBalancer: 'web', listener: 80 }, after: ['orders'], strategy: swap },
      orders: { entry: { loadBalancer: 'orders', listener: 80 }, strategy: swap },
    },
  },
  releases: {
    '1': { version: '1', services: { web: { version: '1.0.0' }, orders: { version: '5.0.0' } } },
    '2': { version: '2', services: { web: { version: '1.1.0' }, orders: { version: '5.1.0' } } },
    'bad-web': { version: '3', services: { web: bad('1.2.0'), orders: { version: '5.1.0' } } },
    'orders-only': { version: '4', services: { orders: { version: '5.1.0' } } },
  },
  baseline: '1',
  release,
  strategy: { name: 'system', options },
})

test('system: a service goes after those it asks, each with its own release', PATIENT, async () => {
  const { code, events, err } = await deployWith(shop('2'))
  expect(code, err).toBe(0)
  expect(stagesReached(events)).toEqual([
    'orders canary 50%',
    'orders canary 100%',
    'web canary 50%',
    'web canary 100%',
    'web: retire old, orders: retire old',
  ])
  expect(summarise(events).requests.harmed).toBe(0)
  const served = endOf(events)?.after.map(({ service, fleets }) => [service, fleets[0]?.release])
  expect(served).toEqual([
    ['web', '1.1.0'],
    ['orders', '5.1.0'],
  ])
})

test(
  'system: a dependant that fails takes back what was deployed before it, dependants first',
  PATIENT,
  async () => {
    const { code, events, err } = await deployWith(shop('bad-web'))
    expect(code, err).toBe(3)
    expect(only(events, 'traffic-restored').map(({ scope }) => scope)).toEqual([
      'web@us-east-1',
      'orders@us-east-1',
    ])
    expect(endOf(events)).toMatchObject({ state: 'reverted', left: [] })
    expect(endOf(events)?.after).toEqual(only(events, 'deployment-started')[0]?.before)
    const harmed = summarise(events).requests.byVersion.filter((each) => each.harmed > 0)
    // Suites may find it before any user does.
    expect(harmed.filter(({ version }) => version !== 'web 1.2.0')).toEqual([])
    expect(only(events, 'gate-ended').at(-1)).toMatchObject({
      stage: expect.stringMatching(/^web canary/),
      verdict: { status: 'failed' },
    })
  },
)

test('system: a service that the release says nothing of is left alone', PATIENT, async () => {
  const { code, events, err } = await deployWith(shop('orders-only', { order: 'together' }))
  expect(code, err).toBe(0)
  expect(stagesReached(events)).toEqual(['orders canary 50%', 'orders canary 100%', 'orders: retire old'])
  expect(endOf(events)?.after.map(({ service }) => service)).toEqual(['orders'])
})

/** A contract between the services of the shop, which runs again for every mix of their versions. */
function writeContract(body: string): void {
  const folder = join(project, 'suites/contract')
  mkdirSync(folder, { recursive: true })
  const from = JSON.stringify(join(import.meta.dirname, '../test/index.ts'))
  writeFileSync(
    join(folder, 'versions.suite.ts'),
    `import { expect, test } from ${from}\ntest('neighbours get on', async ({ neighbours }) => {\n${body}\n})\n`,
  )
}

/** Mixes that a contract passed with, stage by stage. */
const mixesTried = (events: readonly JournalEvent[]): Record<string, string[]> =>
  Object.fromEntries(
    only(events, 'gate-ended').map(({ stage, tests }) => [
      stage,
      tests.flatMap(({ name, status }) => (status === 'passed' ? (/\[(.+)\]$/.exec(name)?.[1] ?? []) : [])),
    ]),
  )

test(
  'system: a contract runs for every mix of old and new neighbours that a stage passes through',
  PATIENT,
  async () => {
    writeContract(`
      expect(Object.keys(neighbours).sort()).toEqual(['orders', 'web'])
      for (const neighbour of Object.values(neighbours)) {
        const answer = await neighbour.get('/version')
        expect(answer.version).toBe(neighbour.version)
      }`)
    const { code, events, err } = await deployWith(shop('2'))
    expect(code, err).toBe(0)
    const tried = mixesTried(events)
    expect(tried['orders canary 50%']?.sort()).toEqual(['orders 5.0.0, web 1.0.0', 'orders 5.1.0, web 1.0.0'])
    expect(tried['orders canary 100%']).toEqual(['orders 5.1.0, web 1.0.0'])
    expect(tried['web canary 50%']?.sort()).toEqual(['web 1.0.0, orders 5.1.0', 'web 1.1.0, orders 5.1.0'])
  },
)

test(
  'system: a contract that one mix breaks closes the gate, and says which mix that is',
  PATIENT,
  async () => {
    writeContract(`
      if (neighbours.orders?.version === '5.1.0') expect(neighbours.web?.version).toBe('1.1.0')`)
    const { code, events, err } = await deployWith(shop('2'))
    expect(code, err).toBe(3)
    const [shut] = only(events, 'gate-ended').filter(({ verdict }) => verdict.status === 'failed')
    expect(shut).toMatchObject({ stage: 'orders canary 50%' })
    const failed = shut?.tests.filter(({ status }) => status === 'failed').map(({ name }) => name)
    expect(failed).toEqual(['neighbours get on [orders 5.1.0, web 1.0.0]'])
    expect(endOf(events)?.after).toEqual(only(events, 'deployment-started')[0]?.before)
  },
)
