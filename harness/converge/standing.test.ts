import { DescribeImagesCommand, RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import type { TargetHealthStateEnum } from '@aws-sdk/client-elastic-load-balancing-v2'
import { expect, test } from 'vitest'
import { createEmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { scaledClock } from '../clock.ts'
import { connectCloud } from '../connect/index.ts'
import { standing } from './standing.ts'

const target = (Id: string, State: TargetHealthStateEnum = 'healthy') => ({
  Target: { Id, Port: 80 },
  TargetHealth: { State },
})

test('a target whose instance has ended is none any more; what drains, runs, or is not known to EC2 stays', async () => {
  await using embedded = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'instant' })
  const asked: string[] = []
  await using cloud = connectCloud(embedded.address, { onCall: ({ operation }) => asked.push(operation) })
  const clients = cloud.region()
  const { Images: [image] = [] } = await clients.ec2.send(new DescribeImagesCommand({}))
  const { Instances = [] } = await clients.ec2.send(
    new RunInstancesCommand({ ImageId: image?.ImageId, MinCount: 4, MaxCount: 4 }),
  )
  const [member = '', runs = '', ended = '', drains = ''] = Instances.map(({ InstanceId }) => InstanceId)
  await clients.ec2.send(new TerminateInstancesCommand({ InstanceIds: [ended, drains] }))
  asked.length = 0

  const kept = [target(member), target(runs), target(drains, 'draining'), target('i-00000000000000000')]
  const found = await standing(clients, [...kept, target(ended), target(ended, 'unused')], new Set([member]))
  expect(found).toEqual(kept)
  expect(asked).toEqual(['DescribeInstances'])
})

test('EC2 is not asked about members of the group, about what drains, nor about addresses', async () => {
  await using embedded = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'instant' })
  const asked: string[] = []
  await using cloud = connectCloud(embedded.address, { onCall: ({ operation }) => asked.push(operation) })
  const targets = [target('i-1'), target('i-2', 'draining'), target('10.0.0.7')]
  expect(await standing(cloud.region(), targets, new Set(['i-1']))).toEqual(targets)
  expect(asked).toEqual([])
})
