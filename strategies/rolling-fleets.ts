import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { type Step, sideBySide } from './side-by-side.ts'

const count = z.int().min(1)
const percent = z.string().regex(/^(100|[1-9]\d?)%$/, 'expected a percentage from 1% to 100%')

const options = z.strictObject({
  /** Instances that change sides at a time: a number of them, or a percentage of the fleet. */
  batch: z.union([count, percent]).default('25%'),
  /** How long each batch is watched before the next. */
  bake: duration.prefault('2m'),
  /** How much longer an inconclusive batch is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
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
    ({ batch, bake, extend = bake }) =>
    (service, release) =>
      sideBySide('rolling-fleets', service, release, (full) =>
        batches(full, batch).map((size): Step => {
          const share = Math.max(1, Math.floor((100 * size) / full))
          return {
            name: `rolling ${size} of ${full}`,
            share,
            candidate: () => Math.max(size, Math.ceil((full * share) / 100)),
            gate: { suites: 'shift', bake, extend },
          }
        }),
      ),
}

/** Sizes of the new fleet after each batch, the last one whole. */
function batches(full: number, batch: number | string): number[] {
  const size = typeof batch === 'number' ? batch : Math.ceil((full * Number.parseInt(batch, 10)) / 100)
  return Array.from({ length: Math.ceil(full / size) }, (_, i) => Math.min(full, (i + 1) * size))
}
