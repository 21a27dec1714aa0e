import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { stableOf } from './fleet-name.ts'
import { sideBySide, whole } from './side-by-side.ts'

const options = z.strictObject({
  /** How long the new release is watched after the old one was stopped. */
  bake: duration.prefault('10m'),
  /** How much longer an inconclusive gate is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
})

/** Stops the old release, then starts the new one: for releases that must never run at once. Nothing serves in between. */
export const recreate = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'recreate',
  options: given,
})

/** The only strategy that takes the service down. The downtime is part of the plan; the way back costs as much again. */
export const recreateStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'recreate',
  summary: 'stop the old fleet, then start the new one; the service is down in between',
  options,
  entries: ['listener', 'registration'],
  draw:
    ({ bake, extend = bake }) =>
    (service, release) => {
      const downtime = { drain: stableOf(service).deregistrationDelay * 1_000 }
      return sideBySide('recreate', service, release, [
        { name: 'recreate', share: 100, candidate: whole, downtime, gate: { suites: 'shift', bake, extend } },
      ])
    },
}
