import type { Evidence, TrafficWindow } from '../../gate.ts'
import { rateAtLeast, rateAtMost } from './distributions.ts'
import { ceilingEValue, detectableRate, type Rate, rateOf, shareEValue } from './e-value.ts'
import { apartFromBurst, describeOutcomes, percent, tally } from './tally.ts'

/** One test: how surprising what was seen would be if nothing were wrong, and what to say either way. */
export interface Finding {
  /** Valid at any number of looks where it comes from an e-value: its inverse. */
  readonly p: number
  readonly evidence: (rejected: boolean) => Evidence
}

type Matches = (version: string) => boolean

export interface Comparison {
  readonly metric: string
  readonly alpha: number
  readonly arm: Rate & { readonly name: string; readonly window: TrafficWindow; readonly matches: Matches }
  readonly other: Rate & { readonly name: string }
}

/** Whether an arm fails more than another, judged by its share of all errors so far against its share of requests. */
export function compareErrors({ metric, alpha, arm, other }: Comparison): Finding {
  const eValue = shareEValue(arm, other)
  return {
    p: Math.min(1, 1 / eValue),
    evidence: (rejected) => ({
      metric,
      status: rejected ? 'failed' : 'passed',
      sentence: `${failures(arm)}, ${other.name} ${other.errors} of ${other.n}`,
      n: { [arm.name]: arm.n, [other.name]: other.n },
      effect: rateOf(arm) - rateOf(other),
      bound: rateOf(other),
      detectable: detectableRate(arm.n, (errors) => shareEValue({ errors, n: arm.n }, other), alpha),
    }),
  }
}

export interface Ceiling {
  readonly metric: string
  readonly name: string
  readonly ceiling: number
  readonly alpha: number
  readonly closing: boolean
  readonly window: TrafficWindow
  readonly matches: Matches
}

/** How sure one must be that a rate is too high for a gate not to open, while not sure enough to close it. */
export const SUSPICION = 0.1

/**
 * Whether a rate is above the ceiling. One error of twenty is no proof of more than 2 %: the gate closes when the
 * e-value says so, and stays undecided when an exact 90 % bound lies above the ceiling.
 */
export function holdToCeiling(hold: Ceiling): Finding {
  const { metric, name, ceiling, alpha, window, matches } = hold
  // A burst has no version that it could be taken from.
  const seen = tally(window, matches)
  const arm = { name, window, matches, ...(matches('') ? apartFromBurst(seen, window) : seen) }
  const suspect = hold.closing && rateAtLeast(arm.errors, arm.n, SUSPICION) > ceiling
  return {
    p: Math.min(1, 1 / ceilingEValue(arm, ceiling)),
    evidence: (rejected) => ({
      metric,
      status: rejected ? 'failed' : suspect ? 'inconclusive' : 'passed',
      sentence: `${failures(arm)}; held to ${percent(ceiling)}`,
      n: { [name]: arm.n },
      effect: rateOf(arm),
      bound: ceiling,
      detectable: detectableRate(arm.n, (errors) => ceilingEValue({ errors, n: arm.n }, ceiling), alpha),
    }),
  }
}

/** E.g. `2.0.1 answered 9 of 120 requests with an error (7.5 %: 8 target-5xx, 1 truncated)`. */
function failures(arm: Comparison['arm']): string {
  const { name, errors, n } = arm
  if (n === 0) return `${name} answered no request`
  if (errors === 0) {
    return `${name} answered ${n} requests without an error (its rate is below ${percent(rateAtMost(0, n, 0.05))} with 95 % confidence)`
  }
  const what = describeOutcomes(arm.window, arm.matches)
  return `${name} answered ${errors} of ${n} requests with an error (${percent(rateOf(arm))}: ${what})`
}
