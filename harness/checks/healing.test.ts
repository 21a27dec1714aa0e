import { SuspendProcessesCommand, UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2'
import { ModifyTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import type { Check } from './check.ts'
import type { Findings } from './finding.ts'
import type { HealingOptions } from './healing.ts'
import { checks } from './index.ts'
import { openSampleWorld, type SampleWorld, untilWhole } from './sample-world.ts'

const ordeals = {
  'the loss of a zone': checks.zoneLoss,
  'a lack of capacity': checks.lackOfCapacity,
  throttling: checks.throttling,
} satisfies Record<string, Check<HealingOptions>>

let world: SampleWorld
let service: ServiceSnapshot
beforeEach(async () => {
  world = await openSampleWorld(2)
  service = await world.observe()
}, 60_000)
afterEach(() => world[Symbol.asyncDispose]())

const path = '/'
const seen = (findings: Findings): string =>
  findings.map((each) => `${each.severity}: ${each.expected}; ${each.seen}`).join('\n')
const faults = async (): Promise<unknown> =>
  ((await (await fetch(`${world.embedded.endpoint}/_sluice/faults`)).json()) as { faults: unknown }).faults

describe.each(Object.entries(ordeals))('%s', { timeout: 60_000 }, (_, check) => {
  test('is healed from, and the cloud is harmed no longer', async () => {
    expect(seen(await check(world.cloud, service, { path, within: 900_000 }))).toBe('')
    expect(await faults()).toEqual([])
  })

  test('is not where nothing is launched, and the cloud is harmed no longer', async () => {
    const launch = { AutoScalingGroupName: 'orders', ScalingProcesses: ['Launch'] }
    await world.cloud.region().autoScaling.send(new SuspendProcessesCommand(launch))
    expect(seen(await check(world.cloud, service, { path, within: 180_000 }))).toMatch(
      /wrong: 2 in service; 1/,
    )
    expect(await faults()).toEqual([])
  })

  test('is told as lacking where the cloud cannot be harmed', async () => {
    const { address } = world.cloud
    await using plain = connectCloud({ ...address, lacks: { faults: 'it takes none' } }) satisfies Cloud
    expect(await check(plain, service, { path, within: 1_000 })).toMatchObject([
      { severity: 'unknown', lacks: 'this cloud has no faults: it takes none' },
    ])
  })
})

test('requests that fail when a zone is lost are told where all instances run in it', {
  timeout: 60_000,
}, async () => {
  const { autoScaling, ec2, elbv2 } = world.cloud.region()
  const { Subnets: [subnet] = [] } = await ec2.send(
    new DescribeSubnetsCommand({ SubnetIds: [...world.sample.subnetIds].slice(0, 1) }),
  )
  const group = { AutoScalingGroupName: 'orders', VPCZoneIdentifier: subnet?.SubnetId }
  // Health checks that find out soon: what they wait for an answer is real time.
  const quick = { HealthCheckIntervalSeconds: 5, HealthCheckTimeoutSeconds: 2 }
  await elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn: world.sample.targetGroupArn, ...quick }))
  await autoScaling.send(new UpdateAutoScalingGroupCommand({ ...group, MinSize: 0, DesiredCapacity: 0 }))
  await untilWhole(world)
  await autoScaling.send(new UpdateAutoScalingGroupCommand({ ...group, DesiredCapacity: 2 }))
  await untilWhole(world)
  const found = seen(await checks.zoneLoss(world.cloud, service, { path, within: 600_000 }))
  expect(found).toMatch(/no failed request after it lost a zone; \d+ of \d+ requests failed/)
})

test('a service of a single instance fails requests while AWS has no other one', {
  timeout: 60_000,
}, async () => {
  const group = { AutoScalingGroupName: 'orders', MinSize: 1, DesiredCapacity: 1 }
  await world.cloud.region().autoScaling.send(new UpdateAutoScalingGroupCommand(group))
  const single = await untilWhole(world)
  const found = seen(await checks.lackOfCapacity(world.cloud, single, { path, within: 600_000 }))
  expect(found).toMatch(/no failed request after .*no capacity; \d+ of \d+ requests failed/)
})
