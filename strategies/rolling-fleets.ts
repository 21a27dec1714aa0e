import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { batch, batches } from './batches.ts'
import { type Step, sideBySide } from './side-by-side.ts'

const options = z.strictObject({
  /** Instances that change sides at a time: a number of them, or a percentage of the fleet. */
  batch: batch.default('25%'),
  /** How long each batch is watched before the next. */
  bake: duration.prefault('2m'),
  /** How much longer an inconclusive batch is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
  /** How long the old fleet stands by after that, so that going back is one call; not at all when absent. */
  keep: duration.optional(),
})

/** Replaces the fleet batch by batch, with a fleet beside it. */
export const rollingFleets = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'rolling-fleets',
  options: given,
})

/**
 * Rolling red/black: the new fleet grows by a batch, and as much of the old one leaves service. What left service keeps
 * running until the last bake has passed, so the way back is one call from every batch.
 */
export const rollingFleetsStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'rolling-fleets',
  summary: 'move the traffic batch by batch to a fleet that grows beside the old one',
  options,
  draw:
    ({ batch: size, bake, extend = bake, keep }) =>
    (service, release) =>
      sideBySide(
        'rolling-fleets',
        service,
        release,
        (full) =>
          batches(full, size).map((done): Step => {
            const share = Math.max(1, Math.floor((100 * done) / full))
            return {
              name: `rolling ${done} of ${full}`,
              share,
              candidate: () => Math.max(done, Math.ceil((full * share) / 100)),
              gate: { suites: 'shift', bake, extend },
            }
          }),
        keep,
      ),
}
