import { expect, test } from 'vitest'
import { seededRandom } from '#fixtures/random'
import { ownRate, type Period, riseEValue } from './rise.ts'

test('no error is no evidence, nor are errors that were there before in the same measure', () => {
  expect(riseEValue([])).toBe(0)
  expect(
    riseEValue([
      { errors: 0, n: 300, share: 0 },
      { errors: 0, n: 500, share: 0.05 },
    ]),
  ).toBe(0)
  expect(
    riseEValue([
      { errors: 6, n: 300, share: 0 },
      { errors: 10, n: 500, share: 0.25 },
    ]),
  ).toBeLessThan(1)
})

test('the expected worth under one rate, enumerated over all outcomes of three short periods, is at most 1', () => {
  const periods = [
    { n: 9, share: 0 },
    { n: 7, share: 0.25 },
    { n: 8, share: 1 },
  ]
  for (const rate of [0.01, 0.1, 0.4]) {
    const chances = periods.map(({ n }) => Array.from({ length: n + 1 }, (_, k) => binomial(k, n, rate)))
    let expected = 0
    for (const [a, chanceA] of (chances[0] ?? []).entries()) {
      for (const [b, chanceB] of (chances[1] ?? []).entries()) {
        for (const [c, chanceC] of (chances[2] ?? []).entries()) {
          const errors = [a, b, c]
          const seen = periods.map((period, i): Period => ({ ...period, errors: errors[i] ?? 0 }))
          expected += chanceA * chanceB * chanceC * riseEValue(seen)
        }
      }
    }
    expect(expected).toBeGreaterThan(0)
    expect(expected).toBeLessThanOrEqual(1)
  }
})

test('the same errors weigh the more, the more they come with the share', () => {
  const before = { errors: 0, n: 300, share: 0 }
  const at = (small: number, large: number): number =>
    riseEValue([before, { errors: small, n: 500, share: 0.05 }, { errors: large, n: 500, share: 0.5 }])
  expect(at(1, 13)).toBeGreaterThan(1_000)
  expect(at(7, 7)).toBeLessThan(10)
  expect(at(13, 1)).toBeLessThan(1)
})

test('looking after every request of a whole canary keeps false alarms at most α: Monte Carlo with its own bound', () => {
  const alpha = 0.05
  const draw = seededRandom(17)
  const runs = 2_000
  const shares = [0, 0.05, 0.25, 0.5, 1]
  for (const rate of [0.001, 0.02]) {
    let alarms = 0
    for (let run = 0; run < runs; run++) {
      const periods = shares.map((share) => ({ errors: 0, n: 0, share }))
      let alarm = false
      for (const period of periods) {
        for (let i = 0; i < 200; i++) {
          period.n++
          if (draw() >= rate) continue
          period.errors++
          // It rises with errors only: between them there is nothing to look for.
          alarm ||= riseEValue(periods) >= 1 / alpha
        }
      }
      alarms += Number(alarm)
    }
    // What a true rate of α would exceed with a chance of one in a thousand.
    expect(alarms / runs).toBeLessThan(alpha + 3.09 * Math.sqrt((alpha * (1 - alpha)) / runs))
  }
})

test('5 % of the candidate’s requests that go unanswered are found by the end of the half, four times of five', () => {
  const draw = seededRandom(23)
  let found = 0
  const runs = 200
  for (let run = 0; run < runs; run++) {
    const periods = [0, 0.05, 0.25, 0.5].map((share) => {
      const errors = Array.from({ length: 500 }, () => draw() < share * 0.05).filter(Boolean).length
      return { errors, n: 500, share }
    })
    if (riseEValue(periods) >= 100) found++
  }
  expect(found / runs).toBeGreaterThan(0.8)
})

test('what the candidate’s own rate would be is what came on top, by its share', () => {
  expect(ownRate({ errors: 1, n: 1_000 }, { errors: 6, n: 500, share: 0.25 })).toBeCloseTo(0.044, 9)
  expect(ownRate({ errors: 9, n: 100 }, { errors: 0, n: 500, share: 0.25 })).toBe(0)
  expect(ownRate({ errors: 0, n: 0 }, { errors: 400, n: 500, share: 0.05 })).toBe(1)
})

function binomial(k: number, n: number, rate: number): number {
  let ways = 1
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i
  return ways * rate ** k * (1 - rate) ** (n - k)
}
