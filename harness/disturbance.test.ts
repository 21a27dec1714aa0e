import { expect, test } from 'vitest'
import { onlyGroups } from './checks/check.ts'
import { service } from './converge/model-service.ts'
import { disturbancesIn } from './disturbance.ts'
import type { GroupFleet, ServiceSnapshot } from './strategy.ts'

const known: ServiceSnapshot = {
  ...service(4, 100),
  routes: [{ ruleArn: 'arn:rule/1', to: 'orders', conditions: 'x-beta: 1' }],
  listeners: [{ listenerArn: 'arn:listener/8080', port: 8080, owned: true, to: 'orders' }],
}

const withFleet = (change: Partial<Omit<GroupFleet, 'kind'>>): ServiceSnapshot => ({
  ...known,
  fleets: onlyGroups(known.fleets).map((fleet) => ({ ...fleet, ...change })),
})

const { routes: _, ...withoutRules } = known
const { listeners: __, ...withoutListeners } = known

test.each([
  ['a weight', { ...known, shares: { orders: 90, 'arn:other': 10 } }, 'weights are orders 90, arn:other 10'],
  ['a group that is gone', { ...known, fleets: [] }, 'Auto Scaling group orders is gone'],
  [
    'a group that has appeared',
    { ...known, fleets: [...known.fleets, ...withFleet({ name: 'other' }).fleets] },
    'other has appeared',
  ],
  [
    'another launch template version',
    withFleet({ launchTemplate: { id: 'lt-1', version: '7' } }),
    'orders launches from lt-1 version 7, not lt-1 version 1',
  ],
  ['another target group', withFleet({ targetGroupArn: 'arn:other' }), 'orders has another target group'],
  ['a rule that is gone', withoutRules, 'the rule for x-beta: 1 is gone'],
  ['a test listener that is gone', withoutListeners, 'the test listener on port 8080 is gone'],
  [
    'a listener that was made anew',
    { ...known, entry: { ...known.entry, listenerArn: 'arn:new' } },
    'the listener on port 80 is another one',
  ],
])('%s is somebody else’s doing', (_what, found, sentence) => {
  expect(disturbancesIn(known, found).join('; ')).toContain(sentence)
})

test('instances that die or come, health and sizes are none', () => {
  const worn = withFleet({
    healthy: 1,
    inService: 2,
    instances: 7,
    targets: 3,
    desiredCapacity: 7,
    maxSize: 9,
  })
  expect(disturbancesIn(known, worn)).toEqual([])
  expect(disturbancesIn(known, known)).toEqual([])
})
