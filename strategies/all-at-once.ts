import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { sideBySide, whole } from './side-by-side.ts'

const options = z.strictObject({
  /** How long the new release is watched before the old one goes. */
  bake: duration.prefault('10m'),
  /** How much longer an inconclusive gate is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
  /** How long the old fleet stands by after that, so that going back is one call; not at all when absent. */
  keep: duration.optional(),
})

/** Shifts all traffic at once; the old fleet is kept until the bake has passed. */
export const allAtOnce = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'all-at-once',
  options: given,
})

export const allAtOnceStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'all-at-once',
  summary: 'shift all traffic in one step, the old fleet kept until the bake has passed',
  options,
  entries: ['listener', 'registration'],
  draw:
    ({ bake, extend = bake, keep }) =>
    (service, release) =>
      sideBySide(
        'all-at-once',
        service,
        release,
        [{ name: 'all at once', share: 100, candidate: whole, gate: { suites: 'shift', bake, extend } }],
        keep,
      ),
}
