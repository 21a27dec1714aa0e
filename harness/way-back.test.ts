import { describe, expect, test } from 'vitest'
import { strategyNamed } from '#strategies/index'
import { allStates, expectSafe, SCOPE, service, serviceByDns, targetOf } from './converge/model-service.ts'
import { order } from './converge/order.ts'
import type { ServiceSnapshot } from './strategy.ts'
import { wayBack } from './way-back.ts'

/** The service when a strategy has promoted 2.0.0. */
function promoted(before: ServiceSnapshot, strategy: string): ServiceSnapshot {
  const { options, draw } = strategyNamed(strategy)
  const plan = draw(options.parse({}))(before, { version: '2.0.0' })
  return [...plan.stages.keys()].reduce(
    (state, index) => allStates(state, targetOf(plan, index), 'forward').at(-1) ?? state,
    before,
  )
}

describe.each([
  ['behind a listener', service(4, 100), 'canary'],
  ['by DNS to load balancers', serviceByDns(4, 100, 'alias'), 'dns-weighted'],
  ['by DNS to instances', serviceByDns(4, 100, 'addresses'), 'dns-cutover'],
])('the way back from a promoted release, %s', (_, before, strategy) => {
  test('gives the traffic to what is parked once that is whole again, and never routes to nothing', () => {
    const state = promoted(before, strategy)
    const { plan } = wayBack(state)
    const target = targetOf(plan, -1)
    expect(target.traffic.via).toBe(before.entry.via)
    const states = allStates(state, target, 'back')
    for (const each of states) expectSafe(each, 4)
    const end = states.at(-1) ?? state
    expect(end.shares).toEqual({ orders: 100 })
    expect(end.entry).toEqual(before.entry)
    expect(end.fleets).toMatchObject([
      { name: 'orders', role: 'stable', desiredCapacity: 4 },
      { name: 'orders-2-0-0', role: 'parked', desiredCapacity: 0 },
    ])
    expect(order(end, plan.baseline.targets[SCOPE] ?? target, 'back')).toEqual([])
  })
})
