import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { type Step, sideBySide, whole } from './side-by-side.ts'

const options = z.strictObject({
  /** How long the new release is watched after the swap before the old one goes. */
  bake: duration.prefault('10m'),
  /** How much longer an inconclusive gate is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
  /** How long the old fleet stands by after that, so that going back is one call; not at all when absent. */
  keep: duration.optional(),
})

/** Proves one new instance, then a whole new fleet, then swaps; no instance is ever changed in place. */
export const immutable = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'immutable',
  options: given,
})

export const immutableStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'immutable',
  summary: 'prove one new instance, then the whole new fleet, then swap',
  options,
  entries: ['listener', 'registration'],
  draw:
    ({ bake, extend = bake, keep }) =>
    (service, release) => {
      const proof = { suites: 'shift', bake: 0, extend: 0 } as const
      const steps: readonly Step[] = [
        { name: 'first instance', share: 0, candidate: (full) => Math.min(1, full), gate: proof },
        { name: 'new fleet', share: 0, candidate: whole, gate: proof },
        { name: 'swap', share: 100, candidate: whole, gate: { suites: 'shift', bake, extend } },
      ]
      return sideBySide('immutable', service, release, steps, keep)
    },
}
