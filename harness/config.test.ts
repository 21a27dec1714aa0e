import { describe, expect, test } from 'vitest'
import { compositionNamed, strategyNamed } from '#strategies/index'
import { validateConfig } from './config.ts'
import { SluiceError } from './errors.ts'

const good = {
  service: { name: 'orders', entry: { loadBalancer: 'orders', listener: 80 } },
  releases: { '1.0.0': { version: '1.0.0' }, '2.0.0': { version: '2.0.0' } },
  baseline: '1.0.0',
  release: '2.0.0',
  strategy: { name: 'canary', options: {} },
}

const validate = (exported: unknown, overrides = {}) =>
  validateConfig(exported, overrides, 'sluice.config.ts', '/project', { strategyNamed, compositionNamed })

function problems(exported: unknown, overrides = {}): string {
  try {
    validate(exported, overrides)
  } catch (thrown) {
    if (thrown instanceof SluiceError) return `${thrown.code}: ${thrown.message}`
    throw thrown
  }
  return 'none'
}

describe('a config', () => {
  test('comes out complete, with durations in milliseconds', () => {
    const config = validate(good)
    expect(config.cloud).toEqual({
      kind: 'embedded',
      timeScale: 60,
      settle: 'aws',
      seed: 1,
      region: 'us-east-1',
    })
    expect(config.strategy.options).toEqual({ steps: [5, 25, 50, 100], bake: 300_000 })
    expect(config.gates.latency.p99).toBe(500)
    expect(config.releases['2.0.0']?.userData).toBe('{"version":"2.0.0"}')
  })

  test('may say that users are led by registration, by strategies that can', () => {
    const by = (more: object, strategy = 'blue-green') => ({
      ...good,
      service: {
        ...good.service,
        entry: { loadBalancer: 'orders', listener: 80, by: 'registration' },
        ...more,
      },
      strategy: { name: strategy },
    })
    expect(validate(by({})).service.entry).toEqual({
      loadBalancer: 'orders',
      listener: 80,
      by: 'registration',
    })
    expect(problems(by({}, 'canary'))).toContain(
      'canary does not fit a service that is reached by registration; strategies that do: all-at-once, blue-green, immutable, recreate',
    )
    expect(problems(by({ fleets: 'pair' }))).toContain("service.fleets: 'pair' is told apart by the weights")
    const dns = { zone: 'example.com', record: 'a.example.com' }
    expect(problems(by({ entry: { dns, by: 'registration' } }))).toContain(
      'service.entry.by: expected either',
    )
    const weights = { loadBalancer: 'orders', listener: 80, by: 'weights' }
    expect(validate(by({ entry: weights })).service.entry).toEqual({ loadBalancer: 'orders', listener: 80 })
  })

  test('has the probe write to the embedded cloud, and to no other unless it is asked to', () => {
    const body = { item: 'sluice probe', quantity: 1 }
    const writesOf = (cloud: object, probe: object) => validate({ ...good, cloud, probe }).probe.writes
    const shared = { kind: 'endpoint', url: 'http://127.0.0.1:4566' }
    expect(writesOf({ kind: 'embedded' }, {})).toEqual({ path: '/orders', body })
    expect(writesOf({ kind: 'embedded' }, { writes: false })).toBeUndefined()
    expect(writesOf(shared, {})).toBeUndefined()
    expect(writesOf(shared, { writes: true })).toEqual({ path: '/orders', body })
    const own = { path: '/carts', body: ['tea'] }
    expect(writesOf(shared, { writes: own })).toEqual(own)
    expect(problems({ ...good, probe: { writes: { path: 'orders' } } })).toContain('probe.writes')
  })

  test('may name a page that takes long, for requests that are under way at all times', () => {
    expect(validate(good).probe.long).toBeUndefined()
    const { long } = validate({ ...good, probe: { long: { path: '/report', timeout: '2m' } } }).probe
    expect(long).toEqual({ path: '/report', open: 2, timeout: 120_000 })
  })

  test('may have clients that keep their cookies', () => {
    expect(validate(good).probe.sticky).toBeUndefined()
    expect(validate({ ...good, probe: { sticky: {} } }).probe.sticky).toEqual({ clients: 5 })
  })

  test('may have clients resolve the name of the service, some of whom ignore TTLs', () => {
    expect(validate(good).probe.dns).toBeUndefined()
    const dnsOf = (dns: object) => validate({ ...good, probe: { dns } }).probe.dns
    expect(dnsOf({})).toEqual({ clients: 100, ignoring: 10 })
    expect(dnsOf({ name: 'www.shop.test', clients: 8, ignoringTtl: 0.5 })).toEqual({
      name: 'www.shop.test',
      clients: 8,
      ignoring: 4,
    })
    expect(problems({ ...good, probe: { dns: { ignoringTtl: 2 } } })).toContain('probe.dns.ignoringTtl')
  })

  test('bounds what the probe sends to a live cloud, and to another one only when it is asked to', () => {
    const live = { kind: 'live', accounts: ['123456789012'], regions: ['us-east-1'] }
    expect(validate({ ...good, cloud: live }).probe.budget).toBe(100_000)
    expect(validate({ ...good, cloud: live, probe: { budget: 5_000 } }).probe.budget).toBe(5_000)
    expect(validate(good).probe.budget).toBeUndefined()
  })

  test('picks own suites by phase, and in it by files, tags and names', () => {
    const { suites } = validate({
      ...good,
      suites: { shift: { tags: ['smoke'] }, resilience: ['r.suite.ts'] },
    })
    expect(suites.shift).toMatchObject({
      tags: ['smoke'],
      names: [],
      files: [expect.stringContaining('suites/shift')],
    })
    expect(suites.resilience).toEqual({ files: ['r.suite.ts'], tags: [], names: [] })
    expect(suites['post-deploy']).toMatchObject({ tags: [], names: [] })
  })

  test('names further URLs to probe, each with what its answer must be', () => {
    const probe = (...targets: unknown[]) => ({ ...good, probe: { targets } })
    expect(validate(probe({ path: '/items' })).probe.targets).toEqual([
      { path: '/items', method: 'GET', expect: { status: 200 } },
    ])
    const whole = {
      path: '/items',
      method: 'POST',
      headers: { accept: 'application/json' },
      body: { page: 1 },
      expect: { status: 201, bodyIncludes: 'tea', header: { etag: '"' }, schema: { type: 'array' } },
    }
    expect(validate(probe(whole)).probe.targets).toEqual([whole])
    const text = problems(probe({ path: 'items' }, { path: '/', expect: { schema: { type: 'foo' } } }))
    expect(text).toContain('probe.targets[0].path: expected a path that starts with /')
    expect(text).toContain('probe.targets[1].expect.schema: no JSON Schema: Unsupported type: foo')
  })

  test('leaves the user data alone of a release that is an image or a launch template version', () => {
    const releases = { ...good.releases, '3.0.0': { version: '3.0.0', imageId: 'ami-1' } }
    expect(validate({ ...good, releases }).releases['3.0.0']).toEqual({ version: '3.0.0', imageId: 'ami-1' })
  })

  test('names a built-in check that it leaves out or tells something with the reason, or not at all', () => {
    const checks = {
      'zone-balance': { skip: 'one zone only, until May' },
      'suspended-processes': { allowed: ['AZRebalance'], because: 'one zone only' },
      'target-health': { timeout: '5m', because: 'it boots slowly' },
    }
    expect(validate({ ...good, checks }).checks).toEqual({
      ...checks,
      'target-health': { timeout: 300_000, because: 'it boots slowly' },
    })
    const text = problems({
      ...good,
      checks: {
        'zone-ballance': { skip: 'a slip' },
        'zone-balance': { skip: ' ' },
        headroom: {},
        quotas: { timeout: '1m' },
        zones: { skip: 'why', timeout: '1m' },
        drift: { skip: 'why', allowed: ['x'] },
      },
    })
    expect(text).toContain('6 problems')
    expect(text).toContain('checks.zone-ballance: there is no such key')
    expect(text).toContain('checks.zone-balance.skip: expected the reason')
    expect(text).toContain(
      'checks.headroom: expected skip with the reason to leave it out, or what to tell it (timeout)',
    )
    expect(text).toContain('checks.quotas: expected because, with the reason')
    expect(text).toContain('checks.zones: a check that is left out (skip) is told nothing else')
    expect(text).toContain('checks.drift.allowed: there is no such key')
  })

  test('with several problems has them all reported, each with its place', () => {
    const text = problems({
      ...good,
      colour: 'blue',
      probe: { rate: -1 },
      gates: { errorRate: { celing: 1 } },
      service: { name: 'orders', entry: { loadBalancer: 'orders' } },
    })
    expect(text).toMatch(/^config: sluice.config.ts has 4 problems/)
    expect(text).toContain('colour: there is no such key')
    expect(text).toContain('gates.errorRate.celing: there is no such key')
    expect(text).toContain('probe.rate: ')
    expect(text).toContain('service.entry.listener: missing; expected number')
  })

  test('reaches its service by a listener or by a DNS name, and has every problem of either reported', () => {
    const at = (entry: object) => ({ ...good, service: { name: 'orders', entry } })
    const dns = { zone: 'Example.com.', record: 'orders.example.com' }
    const strategy = { name: 'dns-weighted', options: {} }
    expect(validate({ ...at({ dns }), strategy }).service.entry).toEqual({
      dns: { zone: 'example.com', record: 'orders.example.com', to: 'load-balancers', port: 80 },
    })
    expect(problems(at({}))).toContain(
      'service.entry.loadBalancer: missing; expected string, or dns in its place',
    )
    expect(problems(at({ loadBalancer: 'orders', listener: 80, dns }))).toContain(
      'service.entry.loadBalancer: expected either a listener of a load balancer or dns, not both',
    )
    const text = problems(
      at({ dns: { zone: 'example.com', record: 'orders.example.org', to: 'moon', port: 0 } }),
    )
    expect(text).toContain('service.entry.dns.to: ')
    expect(text).toContain('service.entry.dns.port: ')
    expect(problems(at({ dns: { ...dns, record: 'orders.example.org' } }))).toContain(
      'service.entry.dns.record: expected a name in zone example.com',
    )
  })

  test('is refused a strategy that does not fit what leads users to its service, and those that do are named', () => {
    const dns = { zone: 'example.com', record: 'orders.example.com' }
    const text = problems({ ...good, service: { name: 'orders', entry: { dns } } })
    expect(text).toContain('strategy.name: canary does not fit a service that is reached by DNS')
    expect(text).toContain('strategies that do: blue-green, dns-cutover, dns-weighted')
    expect(problems(good, { strategy: 'dns-cutover' })).toContain(
      'dns-cutover does not fit a service that is reached by a listener',
    )
  })

  test('that names an unknown release or strategy lists those there are', () => {
    expect(problems(good, { release: '9' })).toContain(
      'release: there is no release 9; releases: 1.0.0, 2.0.0',
    )
    expect(problems(good, { strategy: 'yolo' })).toContain(
      'there is no strategy named yolo; strategies: ab, all-at-once, blue-green, canary, ',
    )
  })

  test('has the options of its strategy checked', () => {
    const text = problems({
      ...good,
      strategy: { name: 'canary', options: { steps: [50, 25, 100], backe: '5m' } },
    })
    expect(text).toContain('strategy canary steps: expected rising percentages')
    expect(text).toContain('strategy canary backe: there is no such key')
  })

  test('must be there at all', () => {
    expect(problems(undefined)).toContain('has no default export that is a config')
  })

  test('keeps its strategy options when a flag names the same strategy', () => {
    const given = { ...good, strategy: { name: 'canary', options: { steps: [10, 100] } } }
    expect(validate(given, { strategy: 'canary' }).strategy.options).toMatchObject({ steps: [10, 100] })
  })
})
