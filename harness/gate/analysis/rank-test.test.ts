import { expect, test } from 'vitest'
import { holm } from './holm.ts'
import { detectableExceeding, rankTest } from './rank-test.ts'

const of = (...values: number[]): Float64Array => Float64Array.from(values)

test('the chance to exceed equals the count over all pairs, ties half', () => {
  const a = of(3, 1, 4, 1, 5, 9, 2, 6)
  const b = of(2, 7, 1, 8, 2, 8)
  let pairs = 0
  for (const x of a) for (const y of b) pairs += x > y ? 1 : x === y ? 0.5 : 0
  expect(rankTest(a, b).exceeds).toBeCloseTo(pairs / 48, 12)
})

/** Every way to choose which of the pooled ranks belong to the first arm. */
function exactP(first: number, second: number, u: number): number {
  let all = 0
  let asExtreme = 0
  const total = first + second
  for (let mask = 0; mask < 1 << total; mask++) {
    let size = 0
    let exceeding = 0
    let others = 0
    for (let i = 0; i < total; i++) {
      if (mask & (1 << i)) {
        size++
        exceeding += others
      } else others++
    }
    if (size !== first) continue
    all++
    if (exceeding >= u) asExtreme++
  }
  return asExtreme / all
}

test('the chance under the null hypothesis is near that of exact enumeration on small arms', () => {
  const b = of(1, 3, 5, 7, 9, 11, 13)
  for (const shift of [0, 4, 8, 11]) {
    const a = b.map((value) => value + 1 + shift)
    const { exceeds, p } = rankTest(a, b)
    expect(Math.abs(p - exactP(7, 7, exceeds * 49))).toBeLessThan(0.01)
  }
})

// Mann and Whitney, Annals of Mathematical Statistics 18 (1947), table I: n = m = 5, P(U ≤ 2) = 0.016, P(U ≤ 4) = 0.048.
test('agrees with the published table of small samples', () => {
  expect(exactP(5, 5, 23)).toBeCloseTo(0.016, 3)
  expect(exactP(5, 5, 21)).toBeCloseTo(0.048, 3)
  const b = of(1, 2, 3, 4, 5)
  expect(Math.abs(rankTest(of(3.5, 6, 7, 8, 9), b).p - 0.016)).toBeLessThan(0.006)
})

test('arms that are alike, or all equal, prove nothing', () => {
  expect(rankTest(of(1, 1, 1, 1, 1), of(1, 1, 1, 1, 1))).toMatchObject({ exceeds: 0.5, p: 0.5 })
})

// Noether, JASA 82 (1987): 44 an arm find P = 0.7, 176 find 0.6, at two-sided 5 % and power 0.9.
test('the detectable chance to exceed agrees with Noether', () => {
  expect(detectableExceeding(44, 44, 0.025)).toBeCloseTo(0.7, 2)
  expect(detectableExceeding(176, 176, 0.025)).toBeCloseTo(0.6, 2)
})

// Holm, Scandinavian Journal of Statistics 6 (1979): the example of p = 0.01, 0.04, 0.03, 0.005 at 0.05.
test('Holm lets hypotheses fall from the smallest on, and stops at the first that holds', () => {
  expect(holm([0.01, 0.04, 0.03, 0.005], 0.05)).toEqual([true, false, false, true])
  expect(holm([0.04, 0.04], 0.05)).toEqual([false, false])
  expect(holm([0.02, 0.04], 0.05)).toEqual([true, true])
  expect(holm([], 0.05)).toEqual([])
})
