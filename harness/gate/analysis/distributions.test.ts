import { expect, test } from 'vitest'
import {
  betaBelow,
  binomialAtLeast,
  logGamma,
  normalAbove,
  normalQuantile,
  rateAtLeast,
  rateAtMost,
} from './distributions.ts'

const choose = (n: number, k: number): number => {
  let result = 1
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i
  return result
}

test('the gamma function gives factorials and the root of pi', () => {
  let factorial = 1
  for (let n = 1; n <= 20; n++) {
    expect(Math.exp(logGamma(n)) / factorial).toBeCloseTo(1, 11)
    factorial *= n
  }
  expect(Math.exp(logGamma(0.5)) ** 2).toBeCloseTo(Math.PI, 11)
})

test('binomial tails equal the sum over all outcomes', () => {
  for (const [n, p] of [
    [10, 0.3],
    [25, 0.02],
    [60, 0.5],
    [200, 0.001],
  ] as const) {
    for (let k = 0; k <= Math.min(n, 30); k++) {
      let sum = 0
      for (let i = k; i <= n; i++) sum += choose(n, i) * p ** i * (1 - p) ** (n - i)
      expect(binomialAtLeast(k, n, p)).toBeCloseTo(sum, 10)
    }
  }
})

test('the incomplete beta function is exact where it has a closed form, and symmetric', () => {
  for (const x of [0.01, 0.2, 0.5, 0.77, 0.99]) {
    expect(betaBelow(x, 1, 1)).toBeCloseTo(x, 13)
    expect(betaBelow(x, 3, 1)).toBeCloseTo(x ** 3, 13)
    expect(betaBelow(x, 0.5, 0.5)).toBeCloseTo((2 / Math.PI) * Math.asin(Math.sqrt(x)), 12)
    expect(betaBelow(x, 7, 4)).toBeCloseTo(1 - betaBelow(1 - x, 4, 7), 13)
  }
})

// Clopper and Pearson, Biometrika 26 (1934): 95 % limits of 1, 5 of 10, two-sided, as reprinted in common tables.
test('exact bounds agree with the published table and with the rule of three', () => {
  expect(rateAtLeast(1, 10, 0.025)).toBeCloseTo(0.0025, 4)
  expect(rateAtMost(1, 10, 0.025)).toBeCloseTo(0.445, 3)
  expect(rateAtLeast(5, 10, 0.025)).toBeCloseTo(0.1871, 4)
  expect(rateAtMost(5, 10, 0.025)).toBeCloseTo(0.8129, 4)
  for (const n of [30, 300, 3000]) {
    expect(rateAtMost(0, n, 0.05)).toBeCloseTo(1 - 0.05 ** (1 / n), 12)
    expect(rateAtMost(0, n, 0.05) * n).toBeCloseTo(3, 0)
  }
})

// Abramowitz and Stegun, Handbook of Mathematical Functions, table 26.1 and 26.2 (1964).
test('the normal tail and its quantiles agree with published tables', () => {
  expect(normalAbove(0)).toBeCloseTo(0.5, 15)
  expect(normalAbove(1)).toBeCloseTo(0.1586552539, 10)
  expect(normalAbove(1.96)).toBeCloseTo(0.0249978951, 10)
  expect(normalAbove(-1)).toBeCloseTo(0.8413447461, 10)
  expect(normalAbove(3) / 1.3498980316e-3).toBeCloseTo(1, 9)
  expect(normalAbove(5) / 2.8665157188e-7).toBeCloseTo(1, 9)
  expect(normalQuantile(0.025)).toBeCloseTo(1.959963985, 8)
  expect(normalQuantile(0.1)).toBeCloseTo(1.281551566, 8)
})
