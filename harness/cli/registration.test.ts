import { AttachLoadBalancerTargetGroupsCommand } from '@aws-sdk/client-auto-scaling'
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { observeService } from '../converge/observe.ts'
import type { JournalEvent } from '../journal/event.ts'
import { summarise } from '../journal/summary.ts'
import { deployIn, expectAsBefore, harmedIn, only } from './deploy-process.ts'
import { type KeptAccount, keptAccount, sluiceIn } from './kept-account.ts'

const PATIENT = { timeout: 90_000 }

let account: KeptAccount
beforeEach(async () => {
  account = await keptAccount()
})
afterEach(() => account[Symbol.asyncDispose]())

const ENTRY = { loadBalancer: 'shop', listener: 80, by: 'registration' } as const

const configure = (release: string, more: object = {}, strategy = 'blue-green'): void =>
  account.configure({
    service: { name: 'shop', entry: ENTRY },
    release,
    strategy: { name: strategy, options: { bake: '2m', extend: '4m', ...more } },
  })

const deploy = (release: string, more: object = {}, strategy?: string) => {
  configure(release, more, strategy)
  return deployIn(account.project, [])
}

const observe = () => observeService(account.cloud, { ...account.service.ref, entry: ENTRY })

const changesOf = (events: readonly JournalEvent[]): string[] =>
  only(events, 'action-intended').map(({ kind }) => kind)

const eventsOf = (out: string): JournalEvent[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JournalEvent)

/** The target groups, the listener and its rules: all that is the user's and stays. */
async function entryOf(): Promise<unknown> {
  const { listeners, rules, targetGroups, settings } = (await account.resources()) as Record<string, unknown>
  return { listeners, rules, targetGroups, settings }
}

test(
  'the new fleet joins the one target group, then the old one leaves it, and a revert after that is the way back',
  PATIENT,
  async () => {
    const before = await entryOf()
    configure('good')
    const { out: plan } = await sluiceIn(account.project, ['plan'])
    expect(plan).toContain('Users are led by registration: the target group stays')
    const there = await deploy('good')
    expect(there.code, there.err).toBe(0)
    expect(harmedIn(there.events)).toBe(0)
    expect(await observe()).toMatchObject({
      shares: { 'shop-1-1-0': 100 },
      fleets: [
        { name: 'shop-1-1-0', role: 'stable', release: '1.1.0', healthy: 4, targets: 4 },
        { name: 'shop', role: 'parked', release: '1.0.0', desiredCapacity: 0, instances: 0, targets: 0 },
      ],
    })
    expect(await entryOf()).toEqual(before)
    const kinds = changesOf(there.events)
    // What was detached has drained before the bake is over.
    const leading = kinds.filter((kind) => /attached|deregistered|weights|empty/.test(kind))
    expect(leading).toEqual(['set-attached', 'set-attached', 'await-empty'])
    const { code, out, err } = await sluiceIn(account.project, ['revert', '--json', '--yes'])
    expect(code, err).toBe(0)
    const back = eventsOf(out)
    expect(summarise(back).requests.harmed).toBe(0)
    expect(changesOf(back).indexOf('await-deregistered')).toBeGreaterThan(
      changesOf(back).lastIndexOf('set-attached'),
    )
    expect(await observe()).toMatchObject({
      shares: { shop: 100 },
      fleets: [
        { name: 'shop', role: 'stable', release: '1.0.0', healthy: 4 },
        { name: 'shop-1-1-0', role: 'parked', desiredCapacity: 0, targets: 0 },
      ],
    })
    expect(await entryOf()).toEqual(before)
  },
)

for (const release of ['errors', 'unhealthy'])
  test(`${release} is turned back, and every resource is as it was, tags included`, PATIENT, async () => {
    const before = await account.resources()
    const { code, events, err } = await deploy(release)
    expect(code, err).toBe(3)
    expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', left: [] }])
    expectAsBefore(events)
    expect(await account.resources()).toEqual(before)
  })

test('errors that only users meet are turned back by attaching the old fleet first', PATIENT, async () => {
  const before = await account.resources()
  // Suites that ask its instances before would stop it there.
  const { code, events, err } = await deploy('errors', {}, 'all-at-once')
  expect(code, err).toBe(3)
  const [restored] = only(events, 'traffic-restored')
  expect(restored?.calls).toBeGreaterThan(0)
  expectAsBefore(events)
  expect(await account.resources()).toEqual(before)
})

test(
  'what was replaced stands by detached, and a revert attaches it again without starting anything',
  PATIENT,
  async () => {
    const there = await deploy('good', { keep: '2h' })
    expect(there.code, there.err).toBe(0)
    expect(await observe()).toMatchObject({
      shares: { 'shop-1-1-0': 100 },
      fleets: [{ name: 'shop-1-1-0' }, { name: 'shop', role: 'parked', desiredCapacity: 4, inService: 4 }],
    })
    const { out: status } = await sluiceIn(account.project, ['status'])
    expect(status).toMatch(/parked +1\.0\.0 +shop +not registered/)
    const { code, out, err } = await sluiceIn(account.project, ['revert', '--json', '--yes'])
    expect(code, err).toBe(0)
    const events = eventsOf(out)
    expect(summarise(events).requests.harmed).toBe(0)
    expect(only(events, 'traffic-restored')).toMatchObject([{ calls: 2 }])
    expect(await observe()).toMatchObject({ shares: { shop: 100 } })
  },
)

test('recreate goes down, and what comes next takes the place in the target group', PATIENT, async () => {
  const { code, err } = await deploy('good', {}, 'recreate')
  expect(code, err).toBe(0)
  expect(await observe()).toMatchObject({
    shares: { 'shop-1-1-0': 100 },
    fleets: [
      { name: 'shop-1-1-0', healthy: 4 },
      { name: 'shop', instances: 0 },
    ],
  })
})

test(
  'a group that somebody attaches meanwhile stops the deployment, and the old release serves',
  PATIENT,
  async () => {
    const { autoScaling, elbv2 } = account.cloud.region()
    const first = await deploy('good')
    expect(first.code, first.err).toBe(0)
    const [present, parked] = (await observe()).fleets
    const arn = present?.kind === 'group' ? present.targetGroupArn : ''
    configure('old')
    const again = deployIn(account.project, [], (event) => {
      if (event.type !== 'stage-reached' || event.name !== 'green stands' || !parked) return
      void autoScaling.send(
        new AttachLoadBalancerTargetGroupsCommand({
          AutoScalingGroupName: parked.name,
          TargetGroupARNs: [arn],
        }),
      )
    })
    const { code, err } = await again
    expect(code, err).not.toBe(0)
    expect((await observe()).shares).toEqual({ 'shop-1-1-0': 100 })
    const { TargetHealthDescriptions: targets = [] } = await elbv2.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: arn }),
    )
    expect(targets.filter(({ TargetHealth: state }) => state?.State === 'healthy')).toHaveLength(4)
  },
)
