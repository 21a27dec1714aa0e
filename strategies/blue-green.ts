import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { sideBySide, whole } from './side-by-side.ts'

const options = z.strictObject({
  /** How long the new release is watched after the swap before the old one goes. */
  bake: duration.prefault('10m'),
  /** How much longer an inconclusive gate is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
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
  draw:
    ({ bake, extend = bake }) =>
    (service, release) =>
      sideBySide('blue-green', service, release, [
        { name: 'green stands', share: 0, candidate: whole, gate: { suites: 'shift', bake: 0, extend: 0 } },
        { name: 'swap', share: 100, candidate: whole, gate: { suites: 'shift', bake, extend } },
      ]),
}
