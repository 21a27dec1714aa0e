import { betaBelow, binomialAtLeast, logBeta, solve } from './distributions.ts'

/**
 * E-values: bets against "nothing is wrong" whose stake is 1 and whose expected worth stays at most 1 while
 * nothing is wrong, however often one looks. By Ville's inequality the chance that one ever reaches 1/α is at
 * most α, so traffic may be judged at every bucket without raising the rate of false alarms.
 */

/** 0 · log 0 is 0 here: an event that cannot happen and did not. */
const timesLog = (n: number, log: number): number => (n === 0 ? 0 : n * log)

/** Errors among requests. */
export interface Rate {
  readonly errors: number
  readonly n: number
}

export const rateOf = ({ errors, n }: Rate): number => (n === 0 ? 0 : errors / n)

/**
 * Whether one arm has more than its share of the errors. Given all errors so far, each is the arm's with the
 * chance `share`, its share of the requests, when both arms fail alike; the bet is a uniform (Beta(1,1)) mixture
 * over what that chance really is. 0 when the arm has no more than its share: only a worse arm is looked for.
 */
export function shareEValue(arm: Rate, other: Rate): number {
  const errors = arm.errors + other.errors
  const share = arm.n / (arm.n + other.n)
  if (errors === 0 || arm.n === 0 || arm.errors <= errors * share) return 0
  return Math.exp(
    logBeta(arm.errors + 1, other.errors + 1) -
      timesLog(arm.errors, Math.log(share)) -
      timesLog(other.errors, Math.log1p(-share)),
  )
}

/** Errors of two arms in one of several periods, of which the first had this share of the requests. */
export interface Stratum {
  readonly errors: number
  readonly others: number
  readonly share: number
}

/** How many times as likely as the other arm's a request of the first may be to fail: the stake is spread evenly over them. */
const ODDS = [2, 4, 8, 16, 64, 256]

/**
 * As `shareEValue`, where the share has changed meanwhile: each error counts by the share that was in force. Within a
 * period it is given how many failed in all, so the worth is that of drawing them without putting back, which no convex
 * function makes more than that of drawing with (Hoeffding, JASA 58, 1963).
 */
export function oddsEValue(strata: readonly Stratum[]): number {
  const bet = (odds: number): number =>
    strata.reduce((sum, { errors, others, share }) => {
      const all = odds * share + (1 - share)
      return sum + timesLog(errors, Math.log(odds / all)) - timesLog(others, Math.log(all))
    }, 0)
  if (strata.every(({ errors }) => errors === 0)) return 0
  return ODDS.reduce((sum, odds) => sum + Math.exp(bet(odds)), 0) / ODDS.length
}

/**
 * Whether a rate is above a ceiling: a uniform mixture over all rates above it, bet against the ceiling itself.
 * Every rate below the ceiling is even less favourable to the bet, so it holds for all of them.
 */
export function ceilingEValue({ errors, n }: Rate, ceiling: number): number {
  if (errors === 0 || ceiling >= 1) return 0
  if (ceiling <= 0) return Number.POSITIVE_INFINITY
  const above = 1 - betaBelow(ceiling, errors + 1, n - errors + 1)
  return Math.exp(
    logBeta(errors + 1, n - errors + 1) +
      Math.log(above) -
      Math.log1p(-ceiling) -
      errors * Math.log(ceiling) -
      timesLog(n - errors, Math.log1p(-ceiling)),
  )
}

/** Chance of seeing a rate that is called detectable. */
const POWER = 0.9

/** The smallest error rate of an arm that this many requests would have shown; 1 when none would. */
export function detectableRate(n: number, eValue: (errors: number) => number, alpha: number): number {
  let low = 0
  let high = n + 1
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (eValue(middle) >= 1 / alpha) high = middle
    else low = middle
  }
  return high > n ? 1 : solve((rate) => binomialAtLeast(high, n, rate), POWER)
}
