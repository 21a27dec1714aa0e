import { expect, test } from 'vitest'
import { hashPlan } from './plan.ts'
import type { Plan } from './strategy.ts'

const gate = { suites: 'shift', bake: 0, extend: 0 } as const
const plan: Plan = {
  strategy: 'canary',
  from: '1',
  to: '2',
  baseline: { name: 'baseline', targets: {}, gate },
  stages: [{ name: 'a', targets: {}, gate }],
}

test('a plan has the same hash however its members are ordered', () => {
  const reordered = Object.fromEntries(Object.entries(plan).reverse()) as unknown as Plan
  expect(hashPlan(reordered)).toBe(hashPlan(plan))
})

test('a plan that differs in one stage has another hash', () => {
  const other = { ...plan, stages: [{ name: 'b', targets: {}, gate }] }
  expect(hashPlan(other)).not.toBe(hashPlan(plan))
})
