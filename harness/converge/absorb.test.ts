import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canaryStrategy } from '#strategies/canary'
import type { ServiceSnapshot } from '../strategy.ts'
import { absorb } from './absorb.ts'
import { expectSafe, service, states, targetOf } from './model-service.ts'
import { order } from './order.ts'

/** The service with its stable fleet at another size, in service as far as it was. */
const resized = (state: ServiceSnapshot, size: number): ServiceSnapshot => ({
  ...state,
  fleets: state.fleets.map((fleet) => {
    if (fleet.role !== 'stable') return fleet
    const all = {
      desiredCapacity: size,
      instances: size,
      targets: size,
      maxSize: Math.max(fleet.maxSize, size),
    }
    return { ...fleet, ...all, healthy: size, inService: size }
  }),
})

const sizeOf = ({ fleets }: ServiceSnapshot, name: string): number =>
  fleets.find((fleet) => fleet.name === name)?.desiredCapacity ?? 0

test('what was raised while traffic shifts stays raised, on the way there and back, and the candidate grows with it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 99 }),
      (capacity, more, step) => {
        const before = service(capacity, 100)
        const plan = canaryStrategy.draw({ steps: [step, 100], bake: 1_000 })(before, { version: '2.0.0' })
        const first = states(before, targetOf(plan, 0), 'forward').at(-1) ?? before
        const raised = resized(first, capacity + more)
        let state = raised
        const { target, notes } = absorb(raised, targetOf(plan, 1), 'forward')
        expect(notes).toHaveLength(1)
        for (const reached of states(raised, target, 'forward')) {
          expectSafe(reached, capacity)
          state = reached
        }
        expectSafe(state, capacity + more)
        expect(sizeOf(state, 'orders-2-0-0')).toBeGreaterThanOrEqual(capacity + more)
        const back = absorb(state, targetOf(plan, -1), 'back').target
        for (let pass = 0; pass < 3; pass++) {
          for (const reached of states(state, back, 'back')) {
            expectSafe(reached, capacity + more)
            state = reached
          }
        }
        expect(sizeOf(state, 'orders')).toBe(capacity + more)
        expect(order(state, back, 'back')).toEqual([])
      },
    ),
  )
})

test('what was lowered is raised again, without a word', () => {
  const before = service(8, 100)
  const plan = canaryStrategy.draw({ steps: [25, 100], bake: 1_000 })(before, { version: '2.0.0' })
  const { target, notes } = absorb(resized(before, 3), targetOf(plan, 0), 'forward')
  expect(notes).toEqual([])
  expect(target).toEqual(targetOf(plan, 0))
})
