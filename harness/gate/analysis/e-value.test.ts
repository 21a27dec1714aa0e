import { expect, test } from 'vitest'
import { seededRandom } from '#fixtures/random'
import { binomialAtLeast } from './distributions.ts'
import { ceilingEValue, detectableRate, oddsEValue, shareEValue } from './e-value.ts'

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1))

test('the share e-value equals its closed form k! (K−k)! / (K+1)! / (p^k (1−p)^(K−k))', () => {
  for (const [k, rest, n, others] of [
    [1, 0, 5, 95],
    [2, 0, 5, 95],
    [9, 1, 120, 480],
    [6, 3, 50, 50],
  ] as const) {
    const p = n / (n + others)
    const exact = (factorial(k) * factorial(rest)) / factorial(k + rest + 1) / (p ** k * (1 - p) ** rest)
    expect(shareEValue({ errors: k, n }, { errors: rest, n: others }) / exact).toBeCloseTo(1, 9)
  }
})

test('two errors that both fall on a share of 5 % are enough at α = 1 %, one is not', () => {
  expect(shareEValue({ errors: 1, n: 5 }, { errors: 0, n: 95 })).toBeCloseTo(10, 9)
  expect(shareEValue({ errors: 2, n: 5 }, { errors: 0, n: 95 })).toBeCloseTo(400 / 3, 6)
})

test('an arm with no more than its share of the errors is never accused', () => {
  expect(shareEValue({ errors: 0, n: 50 }, { errors: 40, n: 50 })).toBe(0)
  expect(shareEValue({ errors: 5, n: 50 }, { errors: 5, n: 50 })).toBe(0)
  expect(shareEValue({ errors: 3, n: 100 }, { errors: 0, n: 0 })).toBe(0)
  expect(shareEValue({ errors: 0, n: 0 }, { errors: 3, n: 100 })).toBe(0)
})

test('under equal rates the expected worth over all outcomes, enumerated, is at most 1', () => {
  for (const p of [0.05, 0.25, 0.5, 0.9]) {
    for (let errors = 1; errors <= 12; errors++) {
      let expected = 0
      for (let k = 0; k <= errors; k++) {
        const chance = binomialAtLeast(k, errors, p) - binomialAtLeast(k + 1, errors, p)
        expected += chance * shareEValue({ errors: k, n: p * 1e6 }, { errors: errors - k, n: (1 - p) * 1e6 })
      }
      expect(expected).toBeLessThanOrEqual(1 + 1e-9)
    }
  }
})

test('errors count by the share that was in force: the expected worth, enumerated over two periods, is at most 1', () => {
  const shares = [0.05, 0.25]
  for (const [first, second] of [
    [1, 4],
    [3, 6],
  ] as const) {
    let expected = 0
    for (let a = 0; a <= first; a++) {
      for (let b = 0; b <= second; b++) {
        const chance = [
          { k: a, of: first, share: 0.05 },
          { k: b, of: second, share: 0.25 },
        ].reduce(
          (all, { k, of, share }) =>
            all * (binomialAtLeast(k, of, share) - binomialAtLeast(k + 1, of, share)),
          1,
        )
        const strata = shares.map((share, i) => {
          const [errors, all] = i === 0 ? [a, first] : [b, second]
          return { errors, others: all - errors, share }
        })
        expected += chance * oddsEValue(strata)
      }
    }
    expect(expected).toBeLessThanOrEqual(1 + 1e-9)
    expect(expected).toBeGreaterThan(0.5)
  }
})

test('one error at 5 % and three at a quarter are enough at α = 1 %, the other way round too, all at a half are not', () => {
  const of = (errors: number, share: number) => ({ errors, others: 0, share })
  expect(oddsEValue([of(1, 0.05), of(3, 0.25)])).toBeGreaterThan(100)
  expect(oddsEValue([of(3, 0.05), of(1, 0.25)])).toBeGreaterThan(100)
  expect(oddsEValue([of(4, 0.5)])).toBeLessThan(20)
  expect(oddsEValue([{ errors: 0, others: 5, share: 0.5 }])).toBe(0)
})

test('the ceiling e-value, enumerated over all outcomes, is worth 1 at the ceiling and less below', () => {
  for (const n of [5, 20, 60]) {
    const expected = (rate: number): number => {
      let sum = 0
      for (let k = 0; k <= n; k++) {
        sum +=
          (binomialAtLeast(k, n, rate) - binomialAtLeast(k + 1, n, rate)) *
          ceilingEValue({ errors: k, n }, 0.1)
      }
      return sum
    }
    // No error is worth 0 here, a little less than the mixture would pay.
    expect(expected(0.1)).toBeLessThanOrEqual(1 + 1e-9)
    expect(expected(0.1)).toBeGreaterThan(0.8)
    expect(expected(0.05)).toBeLessThan(expected(0.1))
  }
})

test('one error of twenty does not break a ceiling of 2 %, ten do', () => {
  expect(ceilingEValue({ errors: 1, n: 20 }, 0.02)).toBeLessThan(10)
  expect(ceilingEValue({ errors: 10, n: 20 }, 0.02)).toBeGreaterThan(1e6)
})

test('looking after every request keeps false alarms at most α: Monte Carlo with its own bound', () => {
  const alpha = 0.05
  const draw = seededRandom(7)
  const runs = 2000
  let alarms = { share: 0, ceiling: 0 }
  for (let run = 0; run < runs; run++) {
    const arm = { errors: 0, n: 0 }
    const other = { errors: 0, n: 0 }
    let accused = false
    let over = false
    for (let i = 0; i < 1000; i++) {
      const hit = draw() < 0.1 ? arm : other
      hit.n++
      if (draw() >= 0.05) continue
      hit.errors++
      accused ||= shareEValue(arm, other) >= 1 / alpha
      const all = { errors: arm.errors + other.errors, n: arm.n + other.n }
      over ||= ceilingEValue(all, 0.05) >= 1 / alpha
    }
    alarms = { share: alarms.share + Number(accused), ceiling: alarms.ceiling + Number(over) }
  }
  // What a true rate of α would exceed with a chance of one in a thousand.
  const bound = alpha + 3.09 * Math.sqrt((alpha * (1 - alpha)) / runs)
  expect(alarms.share / runs).toBeLessThan(bound)
  expect(alarms.ceiling / runs).toBeLessThan(bound)
})

test('0.1 % against 10 % at a tenth of the traffic is found within some 300 requests on average', () => {
  const draw = seededRandom(11)
  let total = 0
  const runs = 400
  for (let run = 0; run < runs; run++) {
    const arm = { errors: 0, n: 0 }
    const other = { errors: 0, n: 0 }
    while (shareEValue(arm, other) < 100) {
      const [hit, rate] = draw() < 0.1 ? [arm, 0.1] : [other, 0.001]
      hit.n++
      if (draw() < rate) hit.errors++
    }
    total += arm.n + other.n
  }
  expect(total / runs).toBeGreaterThan(200)
  expect(total / runs).toBeLessThan(400)
})

test('the detectable rate is the one that is found nine times of ten', () => {
  const eValue = (errors: number): number => shareEValue({ errors, n: 100 }, { errors: 0, n: 900 })
  const rate = detectableRate(100, eValue, 0.01)
  // Two errors of a tenth of the traffic are worth 33, three are worth 250.
  expect(binomialAtLeast(3, 100, rate)).toBeCloseTo(0.9, 9)
  expect(detectableRate(1, eValue, 1e-9)).toBe(1)
})
