import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wallClock } from '../clock.ts'
import type { JournalEvent } from '../journal/event.ts'
import { summarise } from '../journal/summary.ts'
import type { StrategySpec } from '../strategy.ts'
import { deployIn, expectAsBefore, only } from './deploy-process.ts'

const PATIENT = { timeout: 90_000 }

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sluice-strategies-'))
})
afterEach(() => rmSync(project, { recursive: true }))

const deploy = (
  strategy: StrategySpec,
  release: 'good' | 'errors' | 'unhealthy' | 'beta',
  on?: Parameters<typeof deployIn>[2],
) => {
  const config = {
    cloud: { kind: 'embedded', timeScale: 100, settle: 'fast' },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: {
      old: { version: '1.0.0' },
      good: { version: '1.1.0' },
      errors: { version: '1.2.0', userData: { version: '1.2.0', defects: [{ kind: 'error', rate: 0.5 }] } },
      beta: {
        version: '1.4.0',
        userData: {
          version: '1.4.0',
          defects: [{ kind: 'error', rate: 0.5, client: { header: 'x-beta', value: '1' } }],
        },
      },
      unhealthy: { version: '1.3.0', userData: { version: '1.3.0', defects: [{ kind: 'never-healthy' }] } },
    },
    baseline: 'old',
    release,
    strategy,
    // A busy machine delays the probe; how late it may be is a share of this limit.
    gates: { minRequests: 50, latency: { p99: '5s' } },
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
  return deployIn(project, [], on)
}

const kindsOf = (events: readonly JournalEvent[]): string[] =>
  only(events, 'action-intended').map(({ kind, what }) => (kind === 'set-capacity' ? what : kind))

const bake = '2m'

test(
  'recreate: the old release ends before the new one begins; only announced downtime fails',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy({ name: 'recreate', options: { bake } }, 'good')
    expect(code, err).toBe(0)
    const summary = summarise(events)
    expect(summary.requests.harmed).toBe(0)
    expect(summary.requests.announced).toBeGreaterThan(0)
    expect(summary.recoverable.announcedDowntime).toEqual(summary.recoverable.downtime)
    expect(err).toMatch(/Downtime at recreate: nothing serves while 1\.0\.0 drains/)
    const kinds = kindsOf(events)
    const emptied = kinds.indexOf('await-empty')
    expect(emptied).toBeGreaterThan(kinds.indexOf('set capacity of shop to 0 (min 0, max 8)'))
    expect(kinds.findIndex((what) => /shop-1-1-0 to 4/.test(what))).toBeGreaterThan(emptied)
  },
)

test(
  'recreate: a bad release gives way to the old one, at its full capacity and as it was',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy({ name: 'recreate', options: { bake } }, 'errors')
    expect(code, err).toBe(3)
    expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', exitCode: 3, left: [] }])
    expectAsBefore(events)
    const { requests } = summarise(events)
    expect(requests.byVersion.filter(({ harmed }) => harmed > 0).map(({ version }) => version)).toEqual([
      '1.2.0',
    ])
    expect(err).toContain('1.2.0 was turned back at recreate: 1.0.0 has all traffic again')
  },
)

test('recreate: a release that never becomes healthy gives way too', PATIENT, async () => {
  const { code, events, err } = await deploy({ name: 'recreate', options: { bake } }, 'unhealthy')
  expect(code, err).toBe(3)
  expectAsBefore(events)
  expect(summarise(events).requests.harmed).toBe(0)
})

const ab: StrategySpec = {
  name: 'ab',
  options: { header: { 'x-beta': '1' }, hold: '3m', bake, extend: '6m' },
}

test(
  'ab: clients with the header meet the new release, everyone else the old one, until one swap; not one request fails',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy(ab, 'good')
    expect(code, err).toBe(0)
    expect(summarise(events).requests.harmed).toBe(0)
    const held = only(events, 'traffic').flatMap(({ bucket }) =>
      bucket.stage === 'held apart' ? bucket.counts : [],
    )
    const by = (version: string): number =>
      held.filter((count) => count.version === version).reduce((sum, { n }) => sum + n, 0)
    expect(by('1.1.0') / (by('1.1.0') + by('1.0.0'))).toBeCloseTo(0.5, 1)
    const kinds = kindsOf(events)
    expect(kinds.filter((kind) => kind.endsWith('-route'))).toEqual(['add-route', 'remove-route'])
    expect(kinds.slice(kinds.indexOf('add-route'))).toContain('set-weights')
    expect(only(events, 'deployment-ended')[0]?.after[0]).not.toHaveProperty('routes')
  },
)

test(
  'ab: a bad release is turned back while only those clients meet it, and its rule is gone',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy(ab, 'beta')
    expect(code, err).toBe(3)
    expect(only(events, 'stage-reached').at(-1)?.name).toBe('held apart')
    const begun = events.findIndex(({ type }) => type === 'revert-started')
    expect(kindsOf(events.slice(begun))[0]).toBe('remove-route')
    expectAsBefore(events)
  },
)

test('ab: a release that is only to be tried is taken back when its time is over', PATIENT, async () => {
  const { code, events, err } = await deploy(
    { ...ab, options: { ...ab.options, afterwards: 'revert' } },
    'good',
  )
  expect(code, err).toBe(0)
  const summary = summarise(events)
  expect(summary.requests.harmed).toBe(0)
  expect(only(events, 'deployment-ended')[0]?.sentence).toBe(
    'shop is back on 1.0.0: 1.1.0 passed held apart and is taken back as planned',
  )
  expectAsBefore(events)
})

const rolling: StrategySpec = { name: 'rolling', options: { batch: '50%', bake, extend: '4m' } }

test(
  'rolling: one group all along, its instances replaced batch by batch, and not one request fails',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy(rolling, 'good')
    expect(code, err).toBe(0)
    expect(summarise(events).requests.harmed).toBe(0)
    expect(only(events, 'stage-reached').map(({ mixes }) => mixes)).toEqual([
      { 'shop@us-east-1': { shop: { '1.0.0': 0.5, '1.1.0': 0.5 } } },
      undefined,
      undefined,
    ])
    expect(only(events, 'deployment-ended')[0]?.after[0]?.fleets).toMatchObject([
      { name: 'shop', release: '1.1.0', launchTemplate: { version: '2' }, suspendedProcesses: [] },
    ])
  },
)

test(
  'rolling: a bad release is replaced by the version before, and nothing is left of it',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy(rolling, 'errors')
    expect(code, err).toBe(3)
    const begun = events.findIndex(({ type }) => type === 'revert-started')
    // Turned round where it was under way still, else replaced again.
    expect(['roll-back', 'refresh']).toContain(kindsOf(events.slice(begun))[0])
    expect(kindsOf(events)).toContain('remove-versions')
    expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', exitCode: 3, left: [] }])
    expectAsBefore(events)
  },
)

test(
  'rolling: a release that never becomes healthy gets no traffic and leaves nothing behind',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy(rolling, 'unhealthy')
    expect(code, err).toBe(3)
    expect(summarise(events).requests.harmed).toBe(0)
    expect(kindsOf(events)).toContain('remove-versions')
    expectAsBefore(events)
  },
)

test(
  'rolling: interrupted while instances are being replaced, the instance refresh is rolled back',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy(rolling, 'good', (event, child) => {
      if (event.type !== 'action-intended' || event.kind !== 'refresh') return
      // Once it has begun to launch: half a minute in cloud time.
      void wallClock.sleep(400).then(() => child.pid !== undefined && process.kill(-child.pid, 'SIGINT'))
    })
    expect(code, err).toBe(130)
    const begun = events.findIndex(({ type }) => type === 'revert-started')
    expect(kindsOf(events.slice(begun))[0]).toBe('roll-back')
    expect(summarise(events).requests.harmed).toBe(0)
    expectAsBefore(events)
  },
)
