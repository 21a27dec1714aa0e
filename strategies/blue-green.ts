import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { type Step, sideBySide, whole } from './side-by-side.ts'
import { refuseUnlessTestable, testWay } from './test-way.ts'

const options = z.strictObject({
  /** How long the new release is watched after the swap before the old one goes. */
  bake: duration.prefault('10m'),
  /** How much longer an inconclusive gate is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
  /** How long the old fleet stands by after that, so that going back is one call; not at all when absent. */
  keep: duration.optional(),
  /** How suites ask the new fleet before the swap: by requests with these headers, or on a port of the load balancer. */
  test: testWay.optional(),
})

/** Proves a whole new fleet before it gets any traffic, then swaps. */
export const blueGreen = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'blue-green',
  options: given,
})

/** Green stands at weight 0, health-checked and asked directly; users meet it only in one swap, undone by one call. */
export const blueGreenStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'blue-green',
  summary: 'prove a whole new fleet without traffic, then swap in one call',
  options,
  entries: ['listener', 'registration', 'dns'],
  draw:
    ({ bake, extend = bake, keep, test }) =>
    (service, release) => {
      if (test) refuseUnlessTestable(service, test)
      const proof = { suites: 'shift', bake: 0, extend: 0 } as const
      const steps: readonly Step[] = [
        { name: 'green stands', share: 0, candidate: whole, gate: proof, ...(test ? { test } : {}) },
        { name: 'swap', share: 100, candidate: whole, gate: { suites: 'shift', bake, extend } },
      ]
      return sideBySide('blue-green', service, release, steps, keep)
    },
}
