/** Distribution functions by textbook methods (Lanczos; continued fraction), good to about 1e-12. */

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const

/** Natural logarithm of the gamma function, for x > 0. */
export function logGamma(x: number): number {
  const shifted = x - 1
  const t = shifted + 7.5
  const series = LANCZOS.reduce((sum, term, i) => (i === 0 ? term : sum + term / (shifted + i)), 0)
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(series)
}

export const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b)

/** The regularised incomplete beta function: the share of a Beta(a, b) below x. */
export function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b))
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b
}

/** Lentz's method for the continued fraction (DLMF 8.17.22). */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value)
  let c = 1
  let d = 1 / away(1 - ((a + b) * x) / (a + 1))
  let result = d
  for (let m = 1; m < 100_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    result *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    const step = d * c
    result *= step
    if (Math.abs(step - 1) < 1e-14) break
  }
  return result
}

/** Chance of at least k successes in n trials. */
export function binomialAtLeast(k: number, n: number, p: number): number {
  if (k <= 0) return 1
  return k > n ? 0 : betaBelow(p, k, n - k + 1)
}

/** One-sided exact (Clopper–Pearson) bound below which the true rate lies with at most the given chance. */
export function rateAtLeast(k: number, n: number, chance: number): number {
  return k === 0 ? 0 : solve((p) => binomialAtLeast(k, n, p), chance)
}

/** One-sided exact bound above which the true rate lies with at most the given chance; about 3/n for k = 0 and 5 %. */
export function rateAtMost(k: number, n: number, chance: number): number {
  return k >= n ? 1 : solve((p) => binomialAtLeast(k + 1, n, p), 1 - chance)
}

/** Where a function that grows from 0 to 1 over [0, 1] reaches a value. */
export function solve(growing: (p: number) => number, value: number): number {
  let low = 0
  let high = 1
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (growing(middle) < value) low = middle
    else high = middle
  }
  return high
}

/** Chance that a standard normal variable exceeds z, with full relative precision in the tail. */
export function normalAbove(z: number): number {
  if (z < 0) return 1 - normalAbove(-z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z < 3) {
    // Series of the integral from 0 to z (Abramowitz and Stegun 26.2.11).
    let term = z
    let sum = z
    for (let n = 1; Math.abs(term) > 1e-17; n++) {
      term *= (z * z) / (2 * n + 1)
      sum += term
    }
    return 0.5 - density * sum
  }
  // Mills ratio as a continued fraction (26.2.14).
  let fraction = 0
  for (let n = 80; n >= 1; n--) fraction = n / (z + fraction)
  return density / (z + fraction)
}

/** The z that a standard normal variable exceeds with chance p. */
export function normalQuantile(p: number): number {
  let low = -40
  let high = 40
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2
    if (normalAbove(middle) > p) low = middle
    else high = middle
  }
  return (low + high) / 2
}
