import type { Outcome, TrafficWindow } from '../../gate.ts'
import type { Rate } from './e-value.ts'

/** Requests that match, and those of them that were not answered well. */
export function tally(window: TrafficWindow, matches: (version: string) => boolean): Rate {
  let errors = 0
  let n = 0
  for (const count of window.counts) {
    if (!matches(count.version)) continue
    n += count.n
    if (count.outcome !== 'ok') errors += count.n
  }
  return { errors, n }
}

/** The same of whoever answered, without the errors of the burst that is left aside. */
export function apartFromBurst({ errors, n }: Rate, { burst }: TrafficWindow): Rate {
  const aside = Math.min(errors, burst?.errors ?? 0)
  return { errors: errors - aside, n: n - aside }
}

export function countOutcome(
  window: TrafficWindow,
  outcome: Outcome,
  matches: (version: string) => boolean = () => true,
): number {
  return window.counts.reduce(
    (sum, count) => (count.outcome === outcome && matches(count.version) ? sum + count.n : sum),
    0,
  )
}

/** E.g. `8 target-5xx, 1 truncated`: what went wrong, the commonest first. */
export function describeOutcomes(window: TrafficWindow, matches: (version: string) => boolean): string {
  const sums = new Map<Outcome, number>()
  for (const { outcome, version, n } of window.counts) {
    if (outcome !== 'ok' && matches(version)) sums.set(outcome, (sums.get(outcome) ?? 0) + n)
  }
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, n]) => `${n} ${outcome}`)
    .join(', ')
}

/** A share in per cent, with as many digits as a reader needs. */
export function percent(share: number): string {
  const value = share * 100
  if (value === 0) return '0 %'
  const digits = value >= 10 ? 0 : value >= 1 ? 1 : 2
  return `${Number(value >= 0.01 ? value.toFixed(digits) : value.toPrecision(1))} %`
}
