import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { forShare, sideBySide } from './side-by-side.ts'

/** Percentages that rise to 100. */
export const steps = z
  .array(z.int().min(1).max(100))
  .min(1)
  .refine(
    (given) => given.every((step, i) => i === 0 || step > (given[i - 1] ?? 0)),
    'expected rising percentages',
  )
  .refine((given) => given.at(-1) === 100, 'expected the last step to be 100')
  .default([5, 25, 50, 100])

const options = z.strictObject({
  /** Percent of traffic at each step, rising; the last one is 100. */
  steps,
  /** How long each step is watched before the next. */
  bake: duration.prefault('5m'),
  /** How much longer an inconclusive step is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
  /** How long the old fleet stands by after that, so that going back is one call; not at all when absent. */
  keep: duration.optional(),
})

/** Shifts traffic to the new release in given steps, each one gated. */
export const canary = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'canary',
  options: given,
})

/** The candidate grows with its share of the traffic. */
export const canaryStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'canary',
  summary: 'shift traffic in steps, e.g. 5 → 25 → 50 → 100 %, watching each one',
  options,
  draw:
    ({ steps: shares, bake, extend = bake, keep }) =>
    (service, release) =>
      sideBySide(
        'canary',
        service,
        release,
        shares.map((share) => ({
          name: `canary ${share}%`,
          share,
          candidate: forShare(share),
          gate: { suites: 'shift', bake, extend },
        })),
        keep,
      ),
}
