import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canaryStrategy } from '#strategies/canary'
import type { Plan, ServiceSnapshot } from '../strategy.ts'
import { expectSafe, service, states, targetOf } from './model-service.ts'
import { order } from './order.ts'

const worlds = fc.record({
  capacity: fc.integer({ min: 1, max: 200 }),
  weight: fc.integer({ min: 1, max: 999 }),
  processes: fc.subarray(['AZRebalance', 'AlarmNotification']),
  steps: fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 6 }),
})

const planFor = (from: ServiceSnapshot, steps: readonly number[]): Plan =>
  canaryStrategy.draw({ steps: [...[...steps].sort((a, b) => a - b), 100], bake: 1_000 })(from, {
    version: '2.0.0',
  })

describe('the order of changes', () => {
  test('never routes to too few healthy targets, stage after stage', () => {
    fc.assert(
      fc.property(worlds, ({ capacity, weight, processes, steps }) => {
        let state = service(capacity, weight, processes)
        const plan = planFor(state, steps)
        for (const index of plan.stages.keys()) {
          for (const reached of states(state, targetOf(plan, index), 'forward')) {
            expectSafe(reached, capacity)
            state = reached
          }
          expect(order(state, targetOf(plan, index), 'forward')).toEqual([])
        }
      }),
    )
  })

  test('leads back to the service as it was from after any action, safely', () => {
    fc.assert(
      fc.property(worlds, fc.nat(), ({ capacity, weight, processes, steps }, pick) => {
        const before = service(capacity, weight, processes)
        const plan = planFor(before, steps)
        const reached: ServiceSnapshot[] = []
        for (const index of plan.stages.keys()) {
          reached.push(...states(reached.at(-1) ?? before, targetOf(plan, index), 'forward'))
        }
        let state = reached[pick % reached.length] ?? before
        for (let pass = 0; pass < 3; pass++) {
          for (const back of states(state, targetOf(plan, -1), 'back')) {
            expectSafe(back, capacity)
            state = back
          }
        }
        expect(state).toEqual(before)
      }),
    )
  })

  test('creates no capacity on the way back while the old fleet has its own, and moves the traffic first', () => {
    const before = service(4, 1)
    const plan = planFor(before, [25])
    const shifted = [0, 1].reduce(
      (state, index) => states(state, targetOf(plan, index), 'forward').at(-1) ?? state,
      before,
    )
    const back = order(shifted, targetOf(plan, -1), 'back')
    expect(back[0]).toEqual({
      kind: 'set-weights',
      shares: { orders: 1, 'orders-2-0-0': 0 },
      reason: 'shift',
    })
    const grown = back.filter((action) => action.kind === 'set-capacity' && action.reason === 'up')
    expect(grown).toEqual([])
  })

  test('gives the traffic back at once when an instance of the old fleet has just died, and waits for it afterwards', () => {
    const before = service(4, 1)
    const plan = planFor(before, [25])
    const shifted = states(before, targetOf(plan, 0), 'forward').at(-1) ?? before
    const wounded = {
      ...shifted,
      fleets: shifted.fleets.map((each) =>
        each.name === 'orders' ? { ...each, healthy: 3, inService: 3 } : each,
      ),
    }
    const kinds = order(wounded, targetOf(plan, -1), 'back').map((action) => action.kind)
    expect(kinds[0]).toBe('set-weights')
    expect(kinds.indexOf('await-healthy')).toBeGreaterThan(0)
  })

  test('gives no traffic back to an old fleet without a healthy instance before it has them again', () => {
    const before = service(4, 1)
    const plan = planFor(before, [25])
    const shifted = states(before, targetOf(plan, 0), 'forward').at(-1) ?? before
    const dead = {
      ...shifted,
      fleets: shifted.fleets.map((each) =>
        each.name === 'orders' ? { ...each, healthy: 0, inService: 0 } : each,
      ),
    }
    const kinds = order(dead, targetOf(plan, -1), 'back').map((action) => action.kind)
    expect(kinds.indexOf('await-healthy')).toBeGreaterThanOrEqual(0)
    expect(kinds.indexOf('await-healthy')).toBeLessThan(kinds.indexOf('set-weights'))
  })

  test('is empty for a service that is as the target says', () => {
    const before = service(4, 1)
    expect(order(before, targetOf(planFor(before, []), -1), 'back')).toEqual([])
  })
})
