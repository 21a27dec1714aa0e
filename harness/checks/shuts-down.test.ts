import { DescribeInstancesCommand } from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import type { Findings } from './finding.ts'
import { checks } from './index.ts'
import { addCandidate, openSampleWorld, type SampleWorld } from './sample-world.ts'

const look = async (world: SampleWorld, defects: readonly Record<string, unknown>[]): Promise<Findings> => {
  await addCandidate(world, defects)
  return checks.shutsDown(world.cloud, await world.observe(), { path: '/', fleets: ['orders-2-0-0'] })
}

async function namesOfRunning({ cloud }: SampleWorld): Promise<readonly string[]> {
  const { Reservations: reservations = [] } = await cloud.region().ec2.send(
    new DescribeInstancesCommand({
      Filters: [{ Name: 'instance-state-name', Values: ['pending', 'running'] }],
    }),
  )
  const instances = reservations.flatMap((each) => each.Instances ?? [])
  return instances.map((each) => each.Tags?.find(({ Key }) => Key === 'Name')?.Value ?? '')
}

test('a release that ends in order passes, and nothing launched for that is left running', {
  timeout: 60_000,
}, async () => {
  await using world = await openSampleWorld(2)
  expect(await look(world, [])).toEqual([])
  const running = await namesOfRunning(world)
  expect(running).toHaveLength(3)
  expect(running).not.toContain('orders-2-0-0 shutdown trial')
})

test.each([
  [
    'cuts requests when it is told to end',
    { kind: 'cut-on-shutdown' },
    /3 of 3 requests ended with (other side closed|.*ECONNRESET)/,
  ],
  ['goes on serving when it is told to end', { kind: 'ignore-sigterm' }, /answered 200 \d+ ms later/],
])('a release that %s is found', { timeout: 60_000 }, async (_, defect, message) => {
  await using world = await openSampleWorld(2)
  const [finding, ...more] = await look(world, [defect])
  expect(more).toEqual([])
  expect(finding?.severity).toBe('wrong')
  expect(finding?.seen).toMatch(message)
})
