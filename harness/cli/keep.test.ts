import { afterEach, beforeEach, expect, test } from 'vitest'
import { observeService } from '../converge/observe.ts'
import type { JournalEvent } from '../journal/event.ts'
import { summarise } from '../journal/summary.ts'
import { deployIn, only } from './deploy-process.ts'
import { type KeptAccount, keptAccount, sluiceIn } from './kept-account.ts'

const PATIENT = { timeout: 90_000 }

let account: KeptAccount
beforeEach(async () => {
  account = await keptAccount()
})
afterEach(() => account[Symbol.asyncDispose]())

const deploy = async (release: string, keep?: string) => {
  const strategy = {
    name: 'blue-green',
    options: { bake: '2m', extend: '4m', ...(keep === undefined ? {} : { keep }) },
  }
  account.configure({ release, strategy })
  const { code, err, events } = await deployIn(account.project, [])
  expect(code, err).toBe(0)
  expect(summarise(events).requests.harmed).toBe(0)
}

const observe = () => observeService(account.cloud, account.service.ref)

const eventsOf = (out: string): JournalEvent[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JournalEvent)

test(
  'what was replaced stands by at full capacity, and a revert after the promotion is one call',
  PATIENT,
  async () => {
    const before = await account.resources()
    await deploy('good', '2h')
    expect(await observe()).toMatchObject({
      shares: { shop: 0, 'shop-1-1-0': 100 },
      fleets: [
        { name: 'shop-1-1-0', role: 'stable' },
        { name: 'shop', role: 'parked', desiredCapacity: 4, healthy: 4, keptUntil: expect.any(Number) },
      ],
    })
    const { out: status } = await sluiceIn(account.project, ['status'])
    expect(status).toMatch(/shop \(1\.0\.0\) stands by until .* UTC, for 1 h .*: `sluice revert` is one call/)
    const early = await sluiceIn(account.project, ['tidy', '--yes'])
    expect(early.err).toContain('stands by until')
    const { code, out, err } = await sluiceIn(account.project, ['revert', '--json', '--yes'])
    expect(code, err).toBe(0)
    const events = eventsOf(out)
    expect(only(events, 'traffic-restored')).toMatchObject([{ calls: 1 }])
    expect(summarise(events).requests.harmed).toBe(0)
    const { fleets, shares } = await observe()
    expect(fleets.map(({ name, role }) => [name, role])).toEqual([
      ['shop', 'stable'],
      ['shop-1-1-0', 'parked'],
    ])
    expect(shares).toEqual({ shop: 100 })
    // What is left of the release that was taken back is its parked fleet; the first one's own is as it was.
    const groups = (resources: unknown): unknown =>
      (resources as { groups: { AutoScalingGroupName: string }[] }).groups.find(
        ({ AutoScalingGroupName: name }) => name === 'shop',
      )
    expect(groups(await account.resources())).toEqual(groups(before))
  },
)

test('what stood by is parked by `sluice tidy` once its time is over', PATIENT, async () => {
  await deploy('good', '10m')
  const { code, err } = await sluiceIn(account.project, ['tidy', '--wait', '--yes'])
  expect(code, err).toBe(0)
  const { shares, fleets } = await observe()
  expect(shares).toEqual({ 'shop-1-1-0': 100 })
  const [, shop] = fleets
  expect(shop).toMatchObject({ name: 'shop', role: 'parked', desiredCapacity: 0, minSize: 0, instances: 0 })
  expect(shop).not.toHaveProperty('keptUntil')
  const again = await sluiceIn(account.project, ['tidy', '--yes'])
  expect(again.err).toBe('nothing of shop@us-east-1 stands by\n')
})

test('the next deployment ends what stood by, once it is promoted itself', PATIENT, async () => {
  await deploy('good', '10h')
  account.configure({ releases: { old: { version: '1.0.0' }, next: { version: '1.4.0' } }, release: 'next' })
  const { code, err } = await deployIn(account.project, [])
  expect(code, err).toBe(0)
  const { shares, fleets } = await observe()
  expect(shares).toEqual({ 'shop-1-4-0': 100 })
  expect(fleets.map(({ name, desiredCapacity, keptUntil }) => [name, desiredCapacity, keptUntil])).toEqual([
    ['shop-1-4-0', 4, undefined],
    ['shop', 0, undefined],
    ['shop-1-1-0', 0, undefined],
  ])
})
