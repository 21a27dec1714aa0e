import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { forShare, sideBySide } from './side-by-side.ts'

const options = z.strictObject({
  /** Percent of traffic added at every step. */
  step: z.int().min(1).max(100).default(10),
  /** How long each step is watched before the next. */
  interval: duration.prefault('1m'),
  /** How long the whole traffic is watched on the new release before the old one goes; as long as an interval by default. */
  bake: duration.optional(),
  /** How much longer an inconclusive step is watched before it fails closed; as long as the interval by default. */
  extend: duration.optional(),
  /** How long the old fleet stands by after that, so that going back is one call; not at all when absent. */
  keep: duration.optional(),
})

/** Shifts traffic to the new release in equal steps, one every interval. */
export const linear = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'linear',
  options: given,
})

export const linearStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'linear',
  summary: 'shift traffic in equal steps, one every interval',
  options,
  draw:
    ({ step, interval, bake = interval, extend = interval, keep }) =>
    (service, release) => {
      const shares = Array.from({ length: Math.ceil(100 / step) }, (_, i) => Math.min(100, (i + 1) * step))
      return sideBySide(
        'linear',
        service,
        release,
        shares.map((share) => ({
          name: `linear ${share}%`,
          share,
          candidate: forShare(share),
          gate: { suites: 'shift', bake: share === 100 ? bake : interval, extend },
        })),
        keep,
      )
    },
}
