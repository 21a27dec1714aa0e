import { SuspendProcessesCommand } from '@aws-sdk/client-auto-scaling'
import { expect, test } from 'vitest'
import type { ServiceSnapshot } from '../strategy.ts'
import type { Findings } from './finding.ts'
import { checks } from './index.ts'
import { addCandidate, openSampleWorld, type SampleWorld } from './sample-world.ts'

const path = '/'
const reference = 'orders'
const seen = (findings: Findings): string =>
  findings.map((each) => `${each.severity}: ${each.seen}`).join('\n')

const answers = {
  alike: (world: SampleWorld, service: ServiceSnapshot) =>
    checks.answersAlike(world.cloud, service, { path, reference }),
  beta: (world: SampleWorld, service: ServiceSnapshot) =>
    checks.answersAlike(world.cloud, service, { path, reference, headers: { 'x-group': 'beta' } }),
  split: (world: SampleWorld, service: ServiceSnapshot) =>
    checks.trafficSplit(world.cloud, service, { path, shares: service.shares }),
  slow: (world: SampleWorld, service: ServiceSnapshot) => checks.slowRequest(world.cloud, service, {}),
  session: (world: SampleWorld, service: ServiceSnapshot) =>
    checks.sessionKept(world.cloud, service, { path }),
  writes: (world: SampleWorld, service: ServiceSnapshot) => checks.writesReadable(world.cloud, service, {}),
}

test('a good candidate beside the stable fleet passes every check of its answers', {
  timeout: 60_000,
}, async () => {
  await using world = await openSampleWorld(2)
  const service = await addCandidate(world)
  const found = await Promise.all(Object.values(answers).map((check) => check(world, service)))
  expect(found.flat()).toEqual([])
})

test.each([
  [
    'a wrong main page',
    [{ kind: 'wrong-page', rate: 1 }],
    'alike',
    /text\/html instead of application\/json/,
  ],
  ['a wrong version', [{ kind: 'wrong-version', version: '9.9.9' }], 'alike', /9\.9\.9/],
  ['errors on half of its answers', [{ kind: 'error', rate: 0.5 }], 'alike', /requests failed: status 500/],
  [
    'errors for one group of clients',
    [{ kind: 'error', client: { header: 'x-group', value: 'beta' } }],
    'beta',
    /requests failed: status 500/,
  ],
  ['an endless slow route', [{ kind: 'error', rate: 1, path: '/slow' }], 'slow', /failed: status 500/],
  ['no session', [{ kind: 'wrong-page', rate: 1 }], 'session', /hands out none/],
  ['orders it does not take', [{ kind: 'error', rate: 1, path: '/orders' }], 'writes', /failed: status 500/],
] as const)('a candidate with %s is found', { timeout: 60_000 }, async (_, defects, check, message) => {
  await using world = await openSampleWorld(2)
  const service = await addCandidate(world, defects)
  expect(seen(await answers[check](world, service))).toMatch(message)
})

test('a split other than the weights is found', { timeout: 60_000 }, async () => {
  await using world = await openSampleWorld(2)
  const service = await addCandidate(world)
  const shares = { orders: 0, 'orders-2-0-0': 1 }
  expect(seen(await checks.trafficSplit(world.cloud, service, { path, shares }))).toMatch(/wrong/)
})

test('a service heals from the loss of an instance, and one that cannot is found', {
  timeout: 60_000,
}, async () => {
  await using world = await openSampleWorld(2)
  const service = await world.observe()
  const within = 600_000
  expect(await checks.selfHealing(world.cloud, service, { path, within })).toEqual([])
  const launch = { AutoScalingGroupName: 'orders', ScalingProcesses: ['Launch'] }
  await world.cloud.region().autoScaling.send(new SuspendProcessesCommand(launch))
  expect(seen(await checks.selfHealing(world.cloud, service, { path, within: 90_000 }))).toMatch(/wrong/)
})

test('a fleet that stands ready at weight 0 is asked too, before any user meets it', {
  timeout: 60_000,
}, async () => {
  await using world = await openSampleWorld(2)
  const service = await addCandidate(world, [{ kind: 'wrong-page' }])
  const ready = { ...service, shares: { orders: 100, 'orders-2-0-0': 0 } }
  const findings = await checks.answersAlike(world.cloud, ready, { path: '/', reference: 'orders' })
  expect(findings.some(({ subject }) => subject.includes('orders-2-0-0'))).toBe(true)
})
