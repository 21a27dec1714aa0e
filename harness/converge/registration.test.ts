import {
  AttachLoadBalancerTargetGroupsCommand,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
  DetachLoadBalancerTargetGroupsCommand,
} from '@aws-sdk/client-auto-scaling'
import { CreateTargetGroupCommand, ModifyListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createSampleService, type SampleService } from '#fixtures/scenarios/sample-service'
import { whyNotApplicable } from '../checks/applies.ts'
import { doorsOf } from '../checks/direct.ts'
import { checks } from '../checks/index.ts'
import { scaledClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import type { ServiceRef } from '../gate.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import type { Action } from './action.ts'
import { isAttached } from './attachment.ts'
import { observeService } from './observe.ts'
import { perform } from './perform.ts'

const CAPACITY = 2
const GROUPS = ['shop', 'shop-next'] as const

let served: EmbeddedCloud
let cloud: Cloud
let service: SampleService
let ref: ServiceRef
/** The target group that all share, and another one. */
let shared: string
let other: string

beforeAll(async () => {
  served = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'fast' })
  cloud = connectCloud(served.address)
  service = await createSampleService(cloud, {
    name: 'shop',
    release: { version: '1.0.0' },
    capacity: CAPACITY,
  })
  ref = { ...service.ref, entry: { loadBalancer: 'shop', listener: 80, by: 'registration' } }
  shared = service.targetGroupArn
  const { autoScaling, elbv2 } = cloud.region()
  const { AutoScalingGroups: [model] = [] } = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ['shop'] }),
  )
  await autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'shop-next',
      LaunchTemplate: {
        LaunchTemplateId: model?.LaunchTemplate?.LaunchTemplateId,
        Version: model?.LaunchTemplate?.Version,
      },
      VPCZoneIdentifier: model?.VPCZoneIdentifier,
      MinSize: 0,
      DesiredCapacity: CAPACITY,
      MaxSize: CAPACITY,
      Tags: [
        { Key: 'sluice:service', Value: 'shop' },
        { Key: 'sluice:role', Value: 'candidate' },
        { Key: 'sluice:after', Value: 'shop' },
      ],
    }),
  )
  const { TargetGroups: [made] = [] } = await elbv2.send(
    new CreateTargetGroupCommand({ Name: 'other', Protocol: 'HTTP', Port: 80, VpcId: service.vpcId }),
  )
  other = made?.TargetGroupArn ?? ''
}, 60_000)

afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]()
  await served?.[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await forwardTo(shared)
  await attach('shop')
  for (const arn of [shared, other]) await detach('shop-next', arn)
  await detach('shop', other)
  await perform({ kind: 'await-healthy', fleet: 'shop-next', count: CAPACITY }, await context())
  await expect.poll(async () => (await observe()).fleets.map(({ healthy }) => healthy)).toEqual([2, 2])
})

const attach = (name: string, arn = shared) =>
  cloud
    .region()
    .autoScaling.send(
      new AttachLoadBalancerTargetGroupsCommand({ AutoScalingGroupName: name, TargetGroupARNs: [arn] }),
    )

async function detach(name: string, arn = shared): Promise<void> {
  if (!(await isAttached(cloud.region(), name, arn))) return
  await cloud
    .region()
    .autoScaling.send(
      new DetachLoadBalancerTargetGroupsCommand({ AutoScalingGroupName: name, TargetGroupARNs: [arn] }),
    )
}

const forwardTo = (...arns: readonly string[]) =>
  cloud.region().elbv2.send(
    new ModifyListenerCommand({
      ListenerArn: service.listenerArn,
      DefaultActions: [
        {
          Type: 'forward',
          ForwardConfig: { TargetGroups: arns.map((TargetGroupArn) => ({ TargetGroupArn, Weight: 1 })) },
        },
      ],
    }),
  )

const observe = (): Promise<ServiceSnapshot> => observeService(cloud, ref)

const context = async (observed?: ServiceSnapshot) => ({
  cloud,
  ref,
  clients: cloud.region(),
  clock: cloud.clock,
  signal: AbortSignal.timeout(30_000),
  observed: observed ?? (await observe()),
  release: { version: '1.0.0' },
  deployment: 'd-1',
  waited: () => {},
})

const attached = async (): Promise<readonly string[]> => {
  const found = await Promise.all(
    GROUPS.map(async (name) => ((await isAttached(cloud.region(), name, shared)) ? [name] : [])),
  )
  return found.flat()
}

const join = {
  kind: 'set-attached',
  shares: { shop: 100, 'shop-next': 100 },
  healthy: { 'shop-next': CAPACITY },
  reason: 'join',
} as const satisfies Action

const shift = { ...join, shares: { 'shop-next': 100 }, reason: 'shift' } as const satisfies Action

test('who is attached serves, and who is not is found by tags, those of what was made after it included', async () => {
  expect(await observe()).toMatchObject({
    entry: { via: 'registration', targetGroupArn: shared },
    shares: { shop: 100 },
    fleets: [
      { name: 'shop', role: 'stable', healthy: 2, targets: 2 },
      { name: 'shop-next', role: 'candidate', healthy: 2, targets: 0 },
    ],
  })
  await attach('shop-next')
  // The user's own group carries no tag.
  await detach('shop')
  const { shares, fleets } = await observe()
  expect(shares).toEqual({ 'shop-next': 100 })
  expect(fleets.map(({ name, role }) => [name, role])).toEqual([
    ['shop', 'stable'],
    ['shop-next', 'candidate'],
  ])
})

const CANNOT: readonly (readonly [string, () => Promise<unknown>, RegExp])[] = [
  [
    'the listener forwards to two target groups',
    () => forwardTo(shared, other),
    /forwards to 2 target groups/,
  ],
  [
    'a group is attached to another one too',
    () => attach('shop', other),
    /shop is attached to 2 target groups/,
  ],
  ['no group is attached', () => detach('shop'), /no Auto Scaling group serves shop/],
]

test.each(CANNOT)('is refused where %s', async (_, change, message) => {
  await change()
  await expect(observe()).rejects.toMatchObject({
    code: 'precondition',
    message: expect.stringMatching(message),
  })
})

test('one joins and is healthy before the other leaves, and a second time changes nothing', async () => {
  const before = await observe()
  await perform(join, await context(before))
  expect((await observe()).fleets.map(({ healthy, targets }) => [healthy, targets])).toEqual([
    [2, 2],
    [2, 2],
  ])
  await perform(shift, await context(before))
  expect(await attached()).toEqual(['shop-next'])
  await perform(shift, await context(before))
  expect(await attached()).toEqual(['shop-next'])
})

test('what is known may be wrong: nobody is left attached, or detached, for it', async () => {
  const before = await observe()
  // Whoever goes back knows of an attachment that was never made.
  const foreseen = { ...before, shares: { shop: 100, 'shop-next': 100 } }
  const back = { ...shift, shares: { shop: 100 }, healthy: { shop: CAPACITY } }
  await perform(back, await context(foreseen))
  expect(await attached()).toEqual(['shop'])
  // Or of none where there is one.
  await attach('shop-next')
  await perform(back, await context(before))
  expect(await attached()).toEqual(['shop'])
})

test('who was detached is waited for until nothing of it is registered; who is attached is not', async () => {
  await perform(join, await context())
  const wait = { kind: 'await-deregistered', fleet: 'shop' } as const
  await expect(perform(wait, await context())).rejects.toMatchObject({ code: 'cloud' })
  await perform(shift, await context())
  expect((await observe()).fleets[0]).toMatchObject({ name: 'shop', targets: 2 })
  await perform(wait, await context())
  expect((await observe()).fleets[0]).toMatchObject({ name: 'shop', targets: 0, instances: 2 })
})

test('checks tell the fleets of one target group apart', async () => {
  const found = await observe()
  const fleets = ['shop-next']
  const sound = await Promise.all([
    checks.targetHealth(cloud, found, {}),
    checks.fullCapacity(cloud, found, { fleets: [...GROUPS], capacity: CAPACITY }),
    checks.listenerWeights(cloud, found, { shares: { shop: 100, 'shop-next': 0 } }),
    checks.orphans(cloud, found, {}),
    checks.securityGroups(cloud, found, {}),
  ])
  expect(sound.flat()).toEqual([])
  const [, next] = found.fleets
  expect(next && (await doorsOf(cloud, found, next))).toHaveLength(CAPACITY)
  await attach('shop-next')
  expect(await checks.listenerWeights(cloud, found, { shares: { shop: 100 } })).toMatchObject([
    { seen: 'weights shop 100, shop-next 100' },
  ])
  expect(await checks.drained(cloud, await observe(), { fleets })).toMatchObject([
    { subject: 'shop-next', expected: 'weight 0' },
    { expected: 'no target', seen: '2 targets' },
    { expected: 'minimum and desired capacity 0' },
    { expected: 'no instance' },
  ])
})

test('checks of what a target group tells of one fleet say that they cannot be made', async () => {
  const found = await observe()
  expect(whyNotApplicable('requests-answered', found)).toMatch(/all fleets of shop share one/)
  expect(whyNotApplicable('clients-stay', found)).toMatch(/all fleets of shop share one/)
  expect(whyNotApplicable('target-health', found)).toBeUndefined()
})
