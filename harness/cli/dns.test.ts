import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DnsRef } from '../gate.ts'
import type { JournalEvent } from '../journal/event.ts'
import { summarise } from '../journal/summary.ts'
import type { StrategySpec } from '../strategy.ts'
import { deployIn, expectAsBefore, only } from './deploy-process.ts'

const PATIENT = { timeout: 240_000 }

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sluice-dns-'))
})
afterEach(() => rmSync(project, { recursive: true }))

const deploy = (
  to: DnsRef['to'],
  strategy: StrategySpec,
  release: 'good' | 'errors' | 'unhealthy',
  on?: Parameters<typeof deployIn>[2],
) => {
  const config = {
    cloud: { kind: 'embedded', timeScale: 100, settle: 'fast' },
    service: {
      name: 'shop',
      entry: { dns: { ...dns, to, ...(to === 'instances' ? { health: '/healthz' } : {}) } },
    },
    releases: {
      old: { version: '1.0.0' },
      good: { version: '1.1.0' },
      errors: { version: '1.2.0', userData: { version: '1.2.0', defects: [{ kind: 'error', rate: 0.5 }] } },
      unhealthy: { version: '1.3.0', userData: { version: '1.3.0', defects: [{ kind: 'refuse-starting' }] } },
    },
    baseline: 'old',
    release,
    strategy,
    // A busy machine delays the probe; how late it may be is a share of this limit.
    gates: { minRequests: 50, latency: { p99: '5s', slowdown: 5 } },
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
  return deployIn(project, [], on)
}

const bake = '2m'
const dns = { zone: 'example.com', record: 'shop.example.com' }
const weighted: StrategySpec = { name: 'dns-weighted', options: { steps: [50, 100], bake, extend: '6m' } }
const cutover: StrategySpec = { name: 'dns-cutover', options: { bake, extend: '6m' } }

const changes = (events: readonly JournalEvent[]): string[] =>
  only(events, 'action-intended').map(({ what }) => what)

const since = (events: readonly JournalEvent[], type: JournalEvent['type']): readonly JournalEvent[] =>
  events.slice(events.findIndex((event) => event.type === type))

test(
  'dns-weighted: users are led step by step to a load balancer made for the release; not one request fails',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy('load-balancers', weighted, 'good')
    expect(code, err).toBe(0)
    expect(summarise(events).requests.harmed).toBe(0)
    const all = changes(events)
    expect(all.filter((what) => what.startsWith('set records'))).toEqual([
      'set records shop 50, shop-1-1-0 50',
      'set records shop 0, shop-1-1-0 100',
      'set records shop-1-1-0 100',
    ])
    // Nothing is torn down before nobody asks it.
    const unasked = all.indexOf('wait until nobody asks shop')
    expect(unasked).toBeGreaterThan(all.indexOf('set records shop 0, shop-1-1-0 100'))
    expect(all.findIndex((what) => /capacity of shop to 0/.test(what))).toBeGreaterThan(unasked)
    const { entry, fleets } = only(events, 'deployment-ended')[0]?.after[0] ?? {}
    expect(entry).toMatchObject({ records: [{ fleet: 'shop-1-1-0', alias: { evaluateTargetHealth: true } }] })
    expect(fleets).toMatchObject([
      { name: 'shop-1-1-0', role: 'stable', owned: true, balancer: { port: 80 } },
      { name: 'shop', role: 'parked', desiredCapacity: 0, owned: false },
    ])
  },
)

test(
  'dns-weighted: a bad release loses its users in one change, and nothing is left of it',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy('load-balancers', weighted, 'errors')
    expect(code, err).toBe(3)
    expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', exitCode: 3, left: [] }])
    expect(changes(since(events, 'revert-started'))[0]).toMatch(/^set records shop 100, shop-1-2-0 0/)
    expect(only(events, 'traffic-restored')).toMatchObject([{ calls: 1 }])
    const { requests } = summarise(events)
    expect(requests.byVersion.filter(({ harmed }) => harmed > 0).map(({ version }) => version)).toEqual([
      '1.2.0',
    ])
    expectAsBefore(events)
  },
)

test(
  'dns-weighted: a bad release of plain instances is taken back, and the TTL is what it was',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy('instances', weighted, 'errors')
    expect(code, err).toBe(3)
    expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', exitCode: 3, left: [] }])
    expect(changes(events)[0]).toBe('set records shop 100, TTL 1 m')
    expect(only(events, 'deployment-ended')[0]?.after[0]?.entry).toMatchObject({ ttl: 300 })
    expectAsBefore(events)
  },
)

test(
  'dns-cutover: plain instances take over in one change, when the old TTL has run out; not one request fails',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy('instances', cutover, 'good')
    expect(code, err).toBe(0)
    expect(summarise(events).requests.harmed).toBe(0)
    expect(changes(events).filter((what) => what.startsWith('set records'))).toEqual([
      'set records shop 100, TTL 1 m',
      'set records shop 0, shop-1-1-0 100, TTL 1 m',
      'set records shop-1-1-0 100, TTL 5 m',
    ])
    const waited = only(events, 'waited').filter((wait) => wait.for === 'ttl')
    expect(waited[0]?.ms).toBeGreaterThanOrEqual(300_000)
    expect(only(events, 'deployment-ended')[0]?.after[0]?.fleets).toMatchObject([
      { kind: 'instances', name: 'shop-1-1-0', role: 'stable', desiredCapacity: 4, release: '1.1.0' },
      { kind: 'instances', name: 'shop', role: 'parked', desiredCapacity: 0, release: '1.0.0' },
    ])
  },
)

test(
  'dns-cutover: DNS never says anything of a release that does not become healthy, and nothing is left of it',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy('load-balancers', cutover, 'unhealthy')
    expect(code, err).toBe(3)
    expect(summarise(events).requests.harmed).toBe(0)
    expect(changes(events).filter((what) => what.startsWith('set records'))).toEqual([])
    expectAsBefore(events)
  },
)

test('a strategy that needs a listener is refused before anything is touched, and those that fit are named', async () => {
  const { code, events, err } = await deploy('load-balancers', { name: 'canary', options: {} }, 'good')
  expect(code).toBe(2)
  expect(events).toEqual([])
  expect(err).toContain('canary does not fit a service that is reached by DNS')
  expect(err).toContain('blue-green, dns-cutover, dns-weighted')
})
