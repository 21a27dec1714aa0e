import { describe, expect, test } from 'vitest'
import { compositionNamed, strategyNamed } from '#strategies/index'
import { type Config, type ConfigInput, validateConfig } from './config.ts'
import { SluiceError } from './errors.ts'

const validate = (exported: object, overrides = {}): Config =>
  validateConfig(exported, overrides, 'sluice.config.ts', '/project', { strategyNamed, compositionNamed })

function problems(exported: object): string {
  try {
    validate(exported)
  } catch (thrown) {
    if (thrown instanceof SluiceError) return `${thrown.code}: ${thrown.message}`
    throw thrown
  }
  return 'none'
}

const one = {
  service: { name: 'orders', entry: { loadBalancer: 'orders', listener: 80 } },
  releases: { '1': { version: '1.0.0' }, '2': { version: '2.0.0' } },
  baseline: '1',
  release: '2',
  strategy: { name: 'waves', options: { waves: ['eu-west-1', ['us-east-1', 'us-west-2']] } },
} satisfies ConfigInput

const entry = (loadBalancer: string) => ({ entry: { loadBalancer, listener: 80 } })

const several = {
  system: {
    name: 'shop',
    services: {
      web: { ...entry('web'), after: ['orders'] },
      orders: { ...entry('orders'), strategy: { name: 'blue-green' } },
    },
  },
  releases: {
    '1': { version: '1', services: { web: { version: '1.0.0' }, orders: { version: '5.0.0' } } },
    '2': { version: '2', services: { orders: { version: '5.1.0' } } },
  },
  baseline: '1',
  release: '2',
  strategy: { name: 'system' },
} satisfies ConfigInput

describe('waves', () => {
  test('deploy one service in every region that they name, each by the strategy within', () => {
    const { sites, service, name } = validate(one)
    expect(sites.map(({ ref }) => ref.region)).toEqual(['eu-west-1', 'us-east-1', 'us-west-2'])
    expect(sites.map(({ strategy }) => strategy.name)).toEqual(['canary', 'canary', 'canary'])
    expect(sites[0].strategy.options).toMatchObject({ steps: [5, 25, 50, 100], bake: 300_000 })
    expect([name, service.region]).toEqual(['orders', 'eu-west-1'])
  })

  test('go to the regions that they name, whatever the environment says', () => {
    const { sites } = validate(one, { region: 'sa-east-1' })
    expect(sites.map(({ ref }) => ref.region)).toEqual(['eu-west-1', 'us-east-1', 'us-west-2'])
  })

  test('go to no region that a live cloud does not allow', () => {
    const cloud = { kind: 'live', accounts: ['123456789012'], regions: ['eu-west-1', 'us-east-1'] }
    expect(problems({ ...one, cloud })).toContain('us-west-2 is not among cloud.regions')
  })

  test('name every region once, and a strategy that there is, with options that it has', () => {
    const strategy = (options: object) => ({ ...one, strategy: { name: 'waves', options } })
    expect(problems(strategy({ waves: ['eu-west-1', 'eu-west-1'] }))).toContain('expected every region once')
    expect(problems(strategy({ waves: [] }))).toContain('strategy waves waves')
    expect(problems(strategy({ waves: ['eu-west-1'], strategy: { name: 'yolo' } }))).toContain(
      'waves.strategy.name: there is no strategy named yolo',
    )
    const canary = { name: 'canary', options: { steps: [9] } }
    expect(problems(strategy({ waves: ['eu-west-1'], strategy: canary }))).toContain(
      'waves.strategy canary steps: expected the last step to be 100',
    )
  })
})

describe('a system', () => {
  test('has a site for each service, with its own strategy and release', () => {
    const { sites, name } = validate(several)
    expect(name).toBe('shop')
    expect(sites.map(({ ref, strategy, after }) => [ref.name, strategy.name, after])).toEqual([
      ['web', 'canary', ['orders']],
      ['orders', 'blue-green', []],
    ])
    expect(sites.map(({ baseline }) => baseline.version)).toEqual(['1.0.0', '5.0.0'])
    expect(sites.map(({ release }) => release?.version)).toEqual([undefined, '5.1.0'])
  })

  test('has every problem reported at once', () => {
    const { web, orders } = several.system.services
    const text = problems({
      ...several,
      system: {
        name: 'shop',
        services: { web: { ...web, after: ['stock'] }, orders, mail: entry('mail') },
      },
      releases: { ...several.releases, '2': { version: '2', services: { payments: { version: '1' } } } },
    })
    expect(text).toContain('has 3 problems')
    expect(text).toContain('system.services.web.after: names no other service of the system: stock')
    expect(text).toContain('releases.2.services: there is no service payments; services: web, orders, mail')
    expect(text).toContain('releases.1.services: says nothing of mail, which must start with something')
  })

  test('has no services that wait for each other', () => {
    const services = {
      web: { ...entry('web'), after: ['orders'] },
      orders: { ...entry('o'), after: ['web'] },
    }
    expect(problems({ ...several, system: { name: 'shop', services } })).toContain(
      'system.services: must not wait for each other: web → orders → web',
    )
  })

  test('is deployed by the strategy for systems alone, and that one deploys nothing else', () => {
    expect(problems({ ...several, strategy: { name: 'canary' } })).toContain(
      'strategy.name: expected a strategy that deploys a system: system',
    )
    expect(problems({ ...one, strategy: { name: 'system' } })).toContain(
      'strategy.name: system deploys the services of a system: describe them in `system`',
    )
  })

  test('stands in place of a service, not beside it', () => {
    expect(problems({ ...one, system: several.system })).toContain('expected either a service or a system')
    const { service: _, ...neither } = one
    expect(problems(neither)).toContain('service: is missing: the service that is deployed, or a system')
  })
})
