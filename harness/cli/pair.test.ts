import { afterEach, beforeEach, expect, test } from 'vitest'
import { observeService } from '../converge/observe.ts'
import { summarise } from '../journal/summary.ts'
import { deployIn, expectAsBefore, only } from './deploy-process.ts'
import { type KeptAccount, keptAccount } from './kept-account.ts'
import { differences, takeInventory } from './simulate/inventory.ts'

const PATIENT = { timeout: 180_000 }

let account: KeptAccount
beforeEach(async () => {
  account = await keptAccount({ fleets: 'pair' })
})
afterEach(() => account[Symbol.asyncDispose]())

const deploy = (release: string, more: Readonly<Record<string, unknown>> = {}) => {
  account.configure({ release, ...more })
  return deployIn(account.project, [])
}

const observe = () =>
  observeService(account.cloud, {
    name: 'shop',
    region: 'us-east-1',
    entry: { loadBalancer: 'shop', listener: 80 },
    fleets: 'pair',
    url: '/',
  })

test(
  'a pair: the other one takes over, nothing is created or removed, and the next deployment goes the other way',
  PATIENT,
  async () => {
    const there = await deploy('good')
    expect(there.code, there.err).toBe(0)
    expect(summarise(there.events).requests.harmed).toBe(0)
    expect(await observe()).toMatchObject({
      shares: { 'shop-blue': 0, 'shop-green': 100 },
      fleets: [
        { name: 'shop-green', role: 'stable', release: '1.1.0', desiredCapacity: 4, minSize: 4, maxSize: 8 },
        { name: 'shop-blue', role: 'parked', release: '1.0.0', desiredCapacity: 0, instances: 0 },
      ],
    })
    const back = await deploy('old', { strategy: { name: 'blue-green', options: { bake: '2m' } } })
    expect(back.code, back.err).toBe(0)
    expect(await observe()).toMatchObject({
      shares: { 'shop-blue': 100, 'shop-green': 0 },
      fleets: [
        { name: 'shop-blue', role: 'stable', release: '1.0.0', launchTemplate: { version: '1' } },
        { name: 'shop-green', role: 'parked', release: '1.1.0', launchTemplate: { version: '2' } },
      ],
    })
  },
)

for (const release of ['errors', 'unhealthy'])
  test(
    `a pair: ${release} is turned back and every resource is as it was, tags and versions included`,
    PATIENT,
    async () => {
      const before = await account.resources()
      const { code, events, err } = await deploy(release)
      expect(code, err).toBe(3)
      expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', left: [] }])
      expectAsBefore(events)
      expect(await account.resources()).toEqual(before)
    },
  )

test(
  'a pair by DNS: users are led to the load balancer of the other one and back, and nothing is created or removed',
  PATIENT,
  async () => {
    const dns = { zone: 'example.com', record: 'shop.example.com', port: 80, to: 'load-balancers' } as const
    await using account = await keptAccount({ fleets: 'pair', dns })
    const service = { name: 'shop', entry: { dns }, fleets: 'pair' }
    const strategy = { name: 'dns-weighted', options: { steps: [50, 100], bake: '2m', extend: '6m' } }
    const before = takeInventory(account.embedded.world)
    const deployed = async (release: string) => {
      account.configure({ service, strategy, release })
      return deployIn(account.project, [])
    }
    const bad = await deployed('errors')
    expect(bad.code, bad.err).toBe(3)
    expect(only(bad.events, 'deployment-ended')).toMatchObject([{ state: 'reverted', left: [] }])
    expect(differences(before, takeInventory(account.embedded.world))).toEqual([])
    const good = await deployed('good')
    expect(good.code, good.err).toBe(0)
    expect(summarise(good.events).requests.harmed).toBe(0)
    expect(only(good.events, 'deployment-ended')[0]?.after).toMatchObject([
      {
        shares: { 'shop-blue': 0, 'shop-green': 100 },
        fleets: [
          { name: 'shop-green', role: 'stable', release: '1.1.0', desiredCapacity: 4 },
          { name: 'shop-blue', role: 'parked', release: '1.0.0', desiredCapacity: 0, instances: 0 },
        ],
      },
    ])
    const made = only(good.events, 'action-intended').filter(({ kind }) => /create|remove-fleet/.test(kind))
    expect(made).toEqual([])
  },
)
