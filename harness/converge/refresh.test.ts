import { DescribeInstanceRefreshesCommand } from '@aws-sdk/client-auto-scaling'
import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import { rollingStrategy } from '#strategies/rolling'
import { checks } from '../checks/index.ts'
import { openSampleWorld, type SampleWorld } from '../checks/sample-world.ts'
import { createJournal } from '../journal/journal.ts'
import type { Plan, Target } from '../strategy.ts'
import type { Action } from './action.ts'
import { converge } from './index.ts'

const PATIENT = { timeout: 60_000 }

/** The sample service, a rolling plan for it, and what converging to its stages does. */
async function openRolling(capacity: number, batch: number) {
  const world = await openSampleWorld(capacity)
  const release = { version: '2.0.0', userData: JSON.stringify({ version: '2.0.0' }) }
  const before = await world.observe()
  const options = rollingStrategy.options.parse({ batch })
  const plan = rollingStrategy.draw(options)(before, release)
  const done: Action['kind'][] = []
  let id = 0
  const to = (stage: number, way: 'forward' | 'back' = 'forward', signal = new AbortController().signal) =>
    converge(
      {
        cloud: world.cloud,
        ref: world.sample.ref,
        release,
        journal: createJournal('d1', world.cloud.clock, { write() {}, close() {} }),
        calls: () => 0,
        signal,
        nextAction: () => id++,
        onDone: async ({ kind }) => void done.push(kind),
      },
      targetOf(plan, stage),
      way,
    )
  return { world, before, to, done, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() }
}

function targetOf({ baseline, stages }: Plan, stage: number): Target {
  const [target] = Object.values((stage < 0 ? baseline : stages[stage])?.targets ?? {})
  if (!target) throw new Error(`no stage ${stage}`)
  return target
}

const refreshesOf = async ({ cloud }: SampleWorld): Promise<(string | undefined)[]> => {
  const { InstanceRefreshes: all = [] } = await cloud
    .region()
    .autoScaling.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: 'orders' }))
  return all.map(({ Status: status }) => status)
}

const versionsOf = async ({ cloud, sample }: SampleWorld): Promise<number> => {
  const { LaunchTemplateVersions: all = [] } = await cloud
    .region()
    .ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: sample.launchTemplateId }))
  return all.length
}

test('a stage short of all leaves a mix, and no refresh that would go on by itself', PATIENT, async () => {
  await using rolling = await openRolling(2, 1)
  const { fleets } = await rolling.to(0)
  const ids = [expect.any(String)]
  expect(fleets[0]).toMatchObject({
    release: '1.0.0',
    launchTemplate: { version: '1' },
    healthy: 2,
    mixed: [
      { launchTemplateVersion: '1', release: '1.0.0', instanceIds: ids },
      { launchTemplateVersion: '2', release: '2.0.0', instanceIds: ids },
    ],
  })
  expect(await refreshesOf(rolling.world)).toEqual(['Cancelled'])
  const { cloud } = rolling.world
  const service = await rolling.world.observe()
  expect(await checks.immutable(cloud, service, {})).toHaveLength(1)
  expect(await checks.immutable(cloud, service, { mixed: ['orders'] })).toEqual([])
  const mixOf = (old: number) => ({ mixes: { orders: { '1.0.0': old, '2.0.0': 1 - old } } })
  expect(await checks.fleetMix(cloud, service, mixOf(0.5))).toEqual([])
  expect(await checks.fleetMix(cloud, service, mixOf(0))).toMatchObject([{ subject: 'orders', seen: '1' }])
  expect(await checks.answersAlike(cloud, service, { path: '/', reference: 'orders' })).toEqual([])
  rolling.done.length = 0
  await rolling.to(0)
  expect(rolling.done).toEqual([])
})

test(
  'the group takes over the numbered version with its last instance; each stage runs the same one',
  PATIENT,
  async () => {
    await using rolling = await openRolling(2, 1)
    await rolling.to(0)
    const { fleets } = await rolling.to(1)
    expect(fleets[0]).toMatchObject({ release: '2.0.0', launchTemplate: { version: '2' } })
    expect(fleets[0]?.mixed).toBeUndefined()
    expect(await refreshesOf(rolling.world)).toEqual(['Successful', 'Cancelled'])
    expect(await versionsOf(rolling.world)).toBe(2)
  },
)

test(
  'from the whole new release the way back leads to the version before, and removes the new one',
  PATIENT,
  async () => {
    await using rolling = await openRolling(1, 1)
    await rolling.to(0)
    await rolling.to(-1, 'back')
    expect(await rolling.world.observe()).toEqual(rolling.before)
    expect(await versionsOf(rolling.world)).toBe(1)
  },
)

test('a refresh that is under way is rolled back, and what it had launched is gone', PATIENT, async () => {
  await using rolling = await openRolling(2, 1)
  const { clock } = rolling.world.cloud
  const stop = new AbortController()
  const reached = rolling.to(1, 'forward', stop.signal).catch((thrown: unknown) => thrown)
  while ((await rolling.world.observe()).fleets[0]?.mixed === undefined) await clock.sleep(500)
  stop.abort(new Error('enough'))
  expect(await reached).toMatchObject({ message: 'enough' })
  await rolling.to(-1, 'back')
  expect(await refreshesOf(rolling.world)).toEqual(['RollbackSuccessful'])
  expect(await rolling.world.observe()).toEqual(rolling.before)
  expect(await versionsOf(rolling.world)).toBe(1)
})
