import type { Evidence } from '../../gate.ts'
import type { Samples } from '../../probe.ts'
import type { AnalysisInput } from './analyse.ts'
import { rateAtLeast } from './distributions.ts'
import { ceilingEValue, detectableRate } from './e-value.ts'
import { type Finding, SUSPICION } from './error-rate.ts'
import { detectableExceeding, FEWEST_PER_ARM, rankTest } from './rank-test.ts'
import { scheduleHeld } from './schedule.ts'
import { percent } from './tally.ts'

const ms = (value: number): string => `${Number(value.toFixed(value < 10 ? 1 : 0))} ms`

/**
 * A 99th percentile above its limit means that more than one request in a hundred takes longer: a rate held to a
 * ceiling of 1 %, so it may be looked at continuously.
 */
export function holdToLimit({ samples, candidate, thresholds, now, look }: AnalysisInput): Finding {
  const values = samples[candidate] ?? new Float64Array()
  const limit = thresholds.latency.p99
  const arm = { errors: values.reduce((sum, value) => (value > limit ? sum + 1 : sum), 0), n: values.length }
  const { alpha } = thresholds.errorRate
  const suspect = look === 'closing' && rateAtLeast(arm.errors, arm.n, SUSPICION) > 0.01
  const share = arm.n === 0 ? 0 : arm.errors / arm.n
  return {
    p: Math.min(1, 1 / ceilingEValue(arm, 0.01)),
    evidence: (rejected) => ({
      metric: 'latency limit',
      status: rejected ? failedIfHeld(now, thresholds) : suspect ? 'inconclusive' : 'passed',
      sentence:
        arm.n === 0
          ? `${candidate} gave no good answer whose latency could be judged`
          : `${candidate} took longer than ${ms(limit)} for ${arm.errors} of ${arm.n} requests (${percent(share)}); held to 1 %`,
      n: { [candidate]: arm.n },
      effect: share,
      bound: 0.01,
      detectable: detectableRate(arm.n, (errors) => ceilingEValue({ errors, n: arm.n }, 0.01), alpha),
    }),
  }
}

/** Looks at the close of a bake and of each of its extensions; the rank test is valid once, so they share its α. */
export const CLOSING_LOOKS = 5

/** Slower by less than this part of the limit is not felt, whatever the ratio (1 ms against 2 ms on a loopback). */
const LEAST_FELT = 1 / 50

/** Whether the candidate answers more slowly than the stable fleet, and by enough to matter. */
export function compareLatency(
  input: AnalysisInput,
  reference: { readonly name: string; readonly samples: Samples },
): Finding {
  const { candidate, stable, samples, candidateShare, look, thresholds, now } = input
  const arm = samples[candidate] ?? new Float64Array()
  const other = reference.samples[stable] ?? new Float64Array()
  const n = { [candidate]: arm.length, [reference.name]: other.length }
  const metric = 'latency'
  const bound = thresholds.latency.slowdown
  if (look === 'continuous' || arm.length < FEWEST_PER_ARM || other.length < FEWEST_PER_ARM) {
    const needed = look === 'closing' && candidateShare > 0
    const sentence = needed
      ? `too few answers to compare the latency of ${candidate} (${arm.length}) with ${reference.name} (${other.length})`
      : 'latencies are compared when the bake is over'
    return {
      p: 1,
      evidence: () => ({ metric, status: needed ? 'inconclusive' : 'passed', sentence, n, bound }),
    }
  }
  const test = rankTest(arm, other)
  const [median, otherMedian] = test.medians
  const ratio = otherMedian > 0 ? median / otherMedian : 1
  const felt = median - otherMedian >= thresholds.latency.p99 * LEAST_FELT && ratio >= bound
  const { alpha } = thresholds.errorRate
  return {
    p: felt ? Math.min(1, test.p * CLOSING_LOOKS) : 1,
    evidence: (rejected) => ({
      metric,
      status: rejected ? failedIfHeld(now, thresholds) : 'passed',
      sentence: `${candidate} answers in ${ms(median)} at the median, ${reference.name} in ${ms(otherMedian)} (${ratio.toFixed(2)} times); held to ${bound} times`,
      n,
      effect: ratio,
      bound,
      detectable: detectableExceeding(arm.length, other.length, alpha / CLOSING_LOOKS),
    }),
  }
}

/** Latencies count from the planned time: where the probe fell behind, they are the probe's and prove nothing. */
const failedIfHeld = (
  now: AnalysisInput['now'],
  thresholds: AnalysisInput['thresholds'],
): Evidence['status'] => (scheduleHeld(now, thresholds) ? 'failed' : 'inconclusive')
