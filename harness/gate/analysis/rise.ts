import type { Rate } from './e-value.ts'

/** Errors among the requests of a period, and the share of the traffic that the candidate had in it, of 1. */
export interface Period extends Rate {
  readonly share: number
}

/** Rates at which the service may fail by itself, most of them small, each with the stake that is laid on it; of 1 in all. */
const ALWAYS = [
  { rate: 0.0001, stake: 0.4 },
  { rate: 0.001, stake: 0.4 },
  { rate: 0.01, stake: 0.2 },
]
/** Rates that a candidate may add to its share of the traffic: the stake is spread evenly over them. */
const ADDED = [0.02, 0.05, 0.1, 0.3, 0.8]

const timesLog = (n: number, rate: number): number => (n === 0 ? 0 : n * Math.log(rate))

/** Logarithm of the chance of just these errors, each period with its rate. */
const likelihood = (periods: readonly Period[], rateAt: (share: number) => number): number =>
  periods.reduce((sum, { errors, n, share }) => {
    const rate = rateAt(share)
    return sum + timesLog(errors, rate) + timesLog(n - errors, 1 - rate)
  }, 0)

/**
 * Whether errors that no release signed come with the candidate's share of the traffic: an e-process against one rate in
 * all periods, whatever it be. The bet is a mixture of services that fail at a rate of their own and a candidate that adds
 * one of its own to its share; it is held against the best that any one rate can say of the same requests (universal
 * inference: Wasserman, Ramdas and Balakrishnan, PNAS 117, 2020). The true rate can say no more than the best one, and
 * against the true rate the mixture is a martingale, so by Ville's inequality it may be looked at after every request.
 */
export function riseEValue(periods: readonly Period[]): number {
  const errors = periods.reduce((sum, period) => sum + period.errors, 0)
  const n = periods.reduce((sum, period) => sum + period.n, 0)
  if (errors === 0) return 0
  const best = likelihood(periods, () => errors / n)
  let sum = 0
  for (const { rate, stake } of ALWAYS) {
    for (const added of ADDED) {
      sum += stake * Math.exp(likelihood(periods, (share) => rate + added * share) - best)
    }
  }
  return sum / ADDED.length
}

/** The rate at which the candidate would fail if all that came on top of before were its own; at least 0, at most 1. */
export function ownRate(before: Rate, now: Period): number {
  if (now.share === 0 || now.n === 0) return 0
  const usual = before.n === 0 ? 0 : before.errors / before.n
  return Math.min(1, Math.max(0, (now.errors / now.n - usual) / now.share))
}
