import { DescribeListenersCommand, ModifyListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { expect, test } from 'vitest'
import { checks } from './index.ts'
import { addCandidate, openSampleWorld } from './sample-world.ts'

const page = { path: '/' }

test('clients stay with their release while the listener keeps them, and are found led to and fro when it does not', {
  timeout: 30_000,
}, async () => {
  await using world = await openSampleWorld(2)
  const { elbv2 } = world.cloud.region()
  const bare = await addCandidate(world)
  expect(await checks.clientsStay(world.cloud, bare, page)).toEqual([])
  const set = async (Enabled: boolean): Promise<void> => {
    const listener = { ListenerArns: [world.sample.listenerArn] }
    const { Listeners } = await elbv2.send(new DescribeListenersCommand(listener))
    const { TargetGroups } = Listeners?.[0]?.DefaultActions?.[0]?.ForwardConfig ?? {}
    const TargetGroupStickinessConfig = { Enabled, ...(Enabled ? { DurationSeconds: 3_600 } : {}) }
    const ForwardConfig = { TargetGroups, TargetGroupStickinessConfig }
    const DefaultActions = [{ Type: 'forward' as const, ForwardConfig }]
    await elbv2.send(new ModifyListenerCommand({ ListenerArn: world.sample.listenerArn, DefaultActions }))
  }
  await set(true)
  const sticky = await world.observe()
  expect(sticky.entry).toMatchObject({ via: 'listener', stickiness: 3_600 })
  expect(await checks.clientsStay(world.cloud, sticky, page)).toEqual([])
  await set(false)
  // One look sees three clients; that all of them stay by chance is one in 4096.
  expect((await checks.clientsStay(world.cloud, sticky, page))[0]).toMatchObject({
    severity: 'wrong',
    seen: expect.stringMatching(/one was led to .*1\.0\.0.*2\.0\.0|one was led to .*2\.0\.0.*1\.0\.0/),
  })
})
