import { TerminateInstanceInAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import { TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import type { ServiceSnapshot } from '../strategy.ts'
import { groupsOf, inService } from './describe.ts'
import type { Findings } from './finding.ts'
import { checks } from './index.ts'
import { addCandidate, openSampleWorld, type SampleWorld, untilWhole } from './sample-world.ts'

const look = (world: SampleWorld, service: ServiceSnapshot): Promise<Findings> =>
  checks.instancesKept(world.cloud, service, { fleets: ['orders-2-0-0'] })

async function someInstance({ cloud }: SampleWorld, service: ServiceSnapshot): Promise<string> {
  const group = (await groupsOf(cloud, service, service.fleets)).get('orders-2-0-0')
  return inService(group)[0]?.InstanceId ?? ''
}

async function until(world: SampleWorld, done: () => Promise<boolean>): Promise<void> {
  const { clock } = world.cloud
  const end = clock.now() + 1_200_000
  while (!(await done())) {
    if (clock.now() > end) throw new Error('it did not come to that in time')
    await clock.sleep(2_000)
  }
}

const severities = (findings: Findings): readonly string[] => findings.map((each) => each.severity)

test('a candidate that keeps its instances passes, and so does one whose instance a person replaced', {
  timeout: 60_000,
}, async () => {
  await using world = await openSampleWorld(2)
  const service = await addCandidate(world)
  expect(await look(world, service)).toEqual([])
  await world.cloud.region().autoScaling.send(
    new TerminateInstanceInAutoScalingGroupCommand({
      InstanceId: await someInstance(world, service),
      ShouldDecrementDesiredCapacity: false,
    }),
  )
  await untilWhole(world)
  expect(await look(world, service)).toEqual([])
})

test('one lost instance is undecided until another has outlived it', { timeout: 60_000 }, async () => {
  await using world = await openSampleWorld(2)
  const service = await addCandidate(world)
  await world.cloud.clock.sleep(30_000)
  const InstanceIds = [await someInstance(world, service)]
  await world.cloud.region().ec2.send(new TerminateInstancesCommand({ InstanceIds }))
  await until(world, async () => (await look(world, service)).length > 0)
  expect(severities(await look(world, service))).toEqual(['unknown'])
  await until(world, async () => (await look(world, service)).length === 0)
})

test.each([
  ['fails its health checks after a while', { kind: 'never-healthy', after: '2m' }],
  ['flaps', { kind: 'flapping-health', healthy: '90s', unhealthy: '60s' }],
])('a candidate that %s is found at its second loss', { timeout: 60_000 }, async (_, defect) => {
  await using world = await openSampleWorld(2)
  const service = await addCandidate(world, [defect])
  await until(world, async () => severities(await look(world, service)).includes('wrong'))
  const [finding] = await look(world, service)
  expect(finding?.seen).toMatch(/2 instances replaced: i-\w+ after \d+ s \(ELB system health check failure\)/)
})
