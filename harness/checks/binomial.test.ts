import { expect, test } from 'vitest'
import { atLeast, atMost, isMoreThan } from './binomial.ts'

test('tails agree with exact enumeration of small cases', () => {
  // Binomial(4, 1/2): 1, 4, 6, 4, 1 of 16.
  expect(atLeast(3, 4, 0.5)).toBeCloseTo(5 / 16, 12)
  expect(atMost(1, 4, 0.5)).toBeCloseTo(5 / 16, 12)
  // Binomial(3, 0.1): P(X ≥ 1) = 1 − 0.9³.
  expect(atLeast(1, 3, 0.1)).toBeCloseTo(0.271, 12)
})

test('tails at the edges are certain', () => {
  expect(atLeast(0, 10, 0.3)).toBe(1)
  expect(atLeast(11, 10, 0.3)).toBe(0)
  expect(atMost(10, 10, 0.3)).toBe(1)
  expect(atLeast(1, 10, 0)).toBe(0)
  expect(atMost(9, 10, 1)).toBe(0)
  expect(atLeast(10, 10, 1)).toBe(1)
})

test('both tails and the term they share add up to one more than that term, also for many trials', () => {
  const both = atLeast(5_000, 100_000, 0.05) + atMost(4_999, 100_000, 0.05)
  expect(both).toBeCloseTo(1, 9)
})

test('a single error among few is noise, several are not', () => {
  const limit = { ceiling: 0.02, alpha: 0.01 }
  expect(isMoreThan(1, 24, limit)).toBe(false)
  expect(isMoreThan(4, 24, limit)).toBe(true)
  expect(isMoreThan(0, 0, limit)).toBe(false)
})
