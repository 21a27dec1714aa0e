/** P(X ≥ k) of X ~ Binomial(n, p). Exact: terms are summed, each from the one before. */
export function atLeast(k: number, n: number, p: number): number {
  if (k <= 0) return 1
  if (k > n) return 0
  return sumOfTerms(n, p, k, n)
}

/** P(X ≤ k). */
export function atMost(k: number, n: number, p: number): number {
  if (k >= n) return 1
  return k < 0 ? 0 : sumOfTerms(n, p, 0, k)
}

function sumOfTerms(n: number, p: number, from: number, to: number): number {
  if (p <= 0) return from === 0 ? 1 : 0
  if (p >= 1) return to === n ? 1 : 0
  const odds = Math.log(p) - Math.log1p(-p)
  let term = n * Math.log1p(-p)
  let sum = 0
  for (let i = 0; i <= to; i++) {
    if (i >= from) sum += Math.exp(term)
    term += Math.log(n - i) - Math.log(i + 1) + odds
  }
  return Math.min(1, sum)
}

/**
 * Whether `bad` of `n` is more than a true rate of `ceiling` would show by chance once in `1/alpha` looks: what tells
 * a broken release from the noise that every service has.
 */
export const isMoreThan = (
  bad: number,
  n: number,
  limit: { readonly ceiling: number; readonly alpha: number },
): boolean => atLeast(bad, n, limit.ceiling) < limit.alpha
