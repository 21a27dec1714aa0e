import { CreateOrUpdateTagsCommand, DeleteTagsCommand } from '@aws-sdk/client-auto-scaling'
import { DescribeListenersCommand, ModifyListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createSampleService, type SampleService } from '#fixtures/scenarios/sample-service'
import { scaledClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import { observeService } from './observe.ts'
import { TAG } from './tags.ts'

let served: EmbeddedCloud
let cloud: Cloud
let service: SampleService
let arns: readonly string[]

beforeAll(async () => {
  served = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'fast' })
  cloud = connectCloud(served.address)
  service = await createSampleService(cloud, {
    name: 'shop',
    release: { version: '1.0.0' },
    capacity: 1,
    fleets: 'pair',
  })
  const { Listeners: [listener] = [] } = await cloud
    .region()
    .elbv2.send(new DescribeListenersCommand({ ListenerArns: [service.listenerArn] }))
  const tuples = listener?.DefaultActions?.[0]?.ForwardConfig?.TargetGroups ?? []
  arns = tuples.flatMap(({ TargetGroupArn: arn }) => arn ?? [])
})

afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]()
  await served?.[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await weigh(100, 0)
  for (const group of ['shop-blue', 'shop-green']) {
    await mark(group, TAG.service, 'shop')
    await mark(group, TAG.role)
  }
})

const weigh = async (...weights: (number | undefined)[]): Promise<void> => {
  const groups = weights.flatMap((Weight, at) =>
    Weight === undefined ? [] : [{ TargetGroupArn: arns[at], Weight }],
  )
  await cloud.region().elbv2.send(
    new ModifyListenerCommand({
      ListenerArn: service.listenerArn,
      DefaultActions: [{ Type: 'forward', ForwardConfig: { TargetGroups: groups } }],
    }),
  )
}

/** Sets a tag of a group, or takes it away. */
const mark = async (group: string, key: string, value?: string): Promise<void> => {
  const tag = { ResourceType: 'auto-scaling-group', ResourceId: group, Key: key }
  const { autoScaling } = cloud.region()
  await (value === undefined
    ? autoScaling.send(new DeleteTagsCommand({ Tags: [tag] }))
    : autoScaling.send(
        new CreateOrUpdateTagsCommand({ Tags: [{ ...tag, Value: value, PropagateAtLaunch: false }] }),
      ))
}

const roles = async () => {
  const { fleets } = await observeService(cloud, service.ref)
  return Object.fromEntries(fleets.map(({ name, role }) => [name, role]))
}

test('the one with the traffic is stable, whichever it is', async () => {
  expect(await roles()).toEqual({ 'shop-blue': 'stable', 'shop-green': 'parked' })
  await weigh(0, 7)
  expect(await roles()).toEqual({ 'shop-green': 'stable', 'shop-blue': 'parked' })
})

test('while a deployment shifts traffic, its mark tells the two apart', async () => {
  await mark('shop-green', TAG.role, 'candidate')
  for (const weights of [
    [75, 25],
    [0, 100],
  ]) {
    await weigh(...weights)
    expect(await roles()).toEqual({ 'shop-blue': 'stable', 'shop-green': 'candidate' })
  }
})

test('the other one may stand outside of the listener, as long as tags find both', async () => {
  await weigh(100, undefined)
  expect(await roles()).toEqual({ 'shop-blue': 'stable', 'shop-green': 'parked' })
  await mark('shop-blue', TAG.service)
  await expect(roles()).rejects.toMatchObject({
    code: 'precondition',
    message: expect.stringContaining('shop-blue would not be found once it is out of the listener'),
    hint: expect.stringContaining('sluice:service=shop'),
  })
})

const CANNOT: readonly (readonly [string, () => Promise<void>, RegExp])[] = [
  ['both get traffic', () => weigh(50, 50), /cannot be told \(shop-blue: weight 50; shop-green: weight 50\)/],
  [
    'the one with the traffic is marked parked',
    () => mark('shop-blue', TAG.role, 'parked'),
    /shop-blue: weight 100, marked parked/,
  ],
  [
    'there is only one',
    () => mark('shop-green', TAG.service).then(() => weigh(1)),
    /has 1 Auto Scaling groups/,
  ],
]

test.each(CANNOT)('is refused where %s', async (_, change, message) => {
  await change()
  await expect(roles()).rejects.toMatchObject({
    code: 'precondition',
    message: expect.stringMatching(message),
  })
})
