import { UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import { expect, onTestFinished, test } from 'vitest'
import { groupsOf } from './describe.ts'
import { checks } from './index.ts'
import { openSampleWorld } from './sample-world.ts'

test('checks that run side by side share what they read; one that is given up ends only its own, and the next look is fresh', async () => {
  await using world = await openSampleWorld(2)
  const { cloud, embedded } = world
  const service = await world.observe()
  const { fleets } = service
  let calls = 0
  const count = ({ operation }: { operation: string }): undefined => {
    if (operation === 'DescribeAutoScalingGroups') calls++
  }
  embedded.world.faults.calls.add(count)
  onTestFinished(() => void embedded.world.faults.calls.delete(count))
  const found = await Promise.all([
    checks.zones(cloud, service, {}),
    checks.headroom(cloud, service, {}),
    checks.drift(cloud, service, {}),
    checks.launchable(cloud, service, {}),
  ])
  expect(found.flat()).toEqual([])
  expect(calls).toBe(1)

  const givenUp = new AbortController()
  const both = [groupsOf(cloud, service, fleets, givenUp.signal), groupsOf(cloud, service, fleets)] as const
  givenUp.abort(new Error('given up'))
  await expect(both[0]).rejects.toThrow('given up')
  expect((await both[1]).get('orders')?.MaxSize).toBeGreaterThan(1)
  expect(calls).toBe(2)

  const change = { AutoScalingGroupName: 'orders', MaxSize: 17 }
  await cloud.region().autoScaling.send(new UpdateAutoScalingGroupCommand(change))
  expect((await groupsOf(cloud, service, fleets)).get('orders')?.MaxSize).toBe(17)
})
