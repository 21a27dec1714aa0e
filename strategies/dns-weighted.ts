import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { steps } from './canary.ts'
import { sideBySide, whole } from './side-by-side.ts'
import { ttl } from './ttl.ts'

const options = z.strictObject({
  /** Percent of DNS answers at each step, rising; the last one is 100. */
  steps,
  /** How long each step is watched before the next. */
  bake: duration.prefault('10m'),
  /** How much longer an inconclusive step is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
  /** For how long answers may be kept while weights change; no longer than the records say now. */
  ttl,
})

/** Shifts DNS answers to the new release in given steps, each one gated. */
export const dnsWeighted = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'dns-weighted',
  options: given,
})

/**
 * A weight decides answers, not requests: one resolver that is answered may stand for half of all users. So the candidate
 * is a whole fleet before its first answer.
 */
export const dnsWeightedStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'dns-weighted',
  summary: 'shift DNS answers in steps, by the weights of Route 53 records',
  options,
  entries: ['dns'],
  draw:
    ({ steps: shares, bake, extend = bake, ttl: seconds }) =>
    (service, release) =>
      sideBySide(
        'dns-weighted',
        service,
        release,
        shares.map((share) => ({
          name: `DNS ${share}%`,
          share,
          candidate: whole,
          ttl: seconds,
          gate: { suites: 'shift', bake, extend },
        })),
      ),
}
