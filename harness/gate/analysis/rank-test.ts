import { normalAbove, normalQuantile } from './distributions.ts'

export interface RankTest {
  /** Chance that a random value of the first arm exceeds one of the second, ties counting half; 0.5 when alike. */
  readonly exceeds: number
  /** One-sided chance of at least this much when the arms are alike. */
  readonly p: number
  readonly medians: readonly [number, number]
}

/** Fewer make the normal approximation meaningless. */
export const FEWEST_PER_ARM = 5

/** Mann and Whitney's test by its normal approximation, corrected for ties and continuity; one-sided: first > second. */
export function rankTest(first: Float64Array, second: Float64Array): RankTest {
  const a = first.toSorted()
  const b = second.toSorted()
  const { u, ties } = countExceeding(a, b)
  const pairs = a.length * b.length
  const total = a.length + b.length
  const deviation = Math.sqrt((pairs / 12) * (total + 1 - ties / (total * (total - 1))))
  const z = deviation === 0 ? 0 : (u - pairs / 2 - 0.5) / deviation
  return { exceeds: u / pairs, p: normalAbove(z), medians: [median(a), median(b)] }
}

/** One walk over both sorted arms: pairs in which the first is larger, ties half; and Σ(t³ − t) over tied groups. */
function countExceeding(a: Float64Array, b: Float64Array): { u: number; ties: number } {
  let u = 0
  let ties = 0
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const value = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY)
    const below = j
    let inA = 0
    while (a[i] === value) {
      inA++
      i++
    }
    while (b[j] === value) j++
    const inB = j - below
    u += inA * (below + inB / 2)
    const tied = inA + inB
    ties += tied ** 3 - tied
  }
  return { u, ties }
}

function median(sorted: Float64Array): number {
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/** The smallest chance to exceed that these arms would have shown with power 0.9 (Noether 1987). */
export function detectableExceeding(first: number, second: number, alpha: number): number {
  const z = normalQuantile(alpha) + normalQuantile(0.1)
  const share = first / (first + second)
  return Math.min(1, 0.5 + z / Math.sqrt(12 * share * (1 - share) * (first + second)))
}
