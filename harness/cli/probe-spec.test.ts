import { expect, test } from 'vitest'
import { affordable } from './probe-spec.ts'

test('a budget lasts for what a deployment takes and as long again, at the rate that was asked for at most', () => {
  expect(affordable(100, 100_000, 2_400)).toEqual({ rate: 100_000 / 4_800, most: 100_000 })
  expect(affordable(10, 100_000, 2_400)).toEqual({ rate: 10, most: 100_000 })
})
