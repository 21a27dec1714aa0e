import { expect, test } from 'vitest'
import type { TrafficBucket } from '../gate.ts'
import { BURST, createBursts } from './bursts.ts'

const SECOND = 1_000

function bucket(second: number, errors: number, n = 10): TrafficBucket {
  const counts = [
    { version: '', lane: 'fresh', outcome: 'elb-5xx', n: errors },
    { version: '2.0.0', lane: 'fresh', outcome: 'target-5xx', n: 1 },
    { version: '2.0.0', lane: 'fresh', outcome: 'ok', n: n - errors - 1 },
  ] as const
  const schedule = { planned: n, sent: n, dropped: 0, lagP99: 0 }
  return { from: second * SECOND, to: (second + 1) * SECOND, stage: 'swap', counts, latency: {}, schedule }
}

function worstOf(errors: readonly number[]) {
  const bursts = createBursts()
  for (const [second, each] of errors.entries()) bursts.add(bucket(second, each))
  return bursts.worst
}

test('the burst is the half minute in which most requests had no answer of any release', () => {
  const errors = Array.from({ length: 120 }, (_, second) =>
    second === 10 || (second >= 60 && second < 63) ? 2 : 0,
  )
  expect(worstOf(errors)).toEqual({ errors: 6, n: (BURST / SECOND) * 10, between: 30 })
})

test('errors that are further apart than a burst are never of one', () => {
  const apart = BURST / SECOND
  const errors = Array.from({ length: 3 * apart }, (_, second) => (second % apart === 0 ? 1 : 0))
  expect(worstOf(errors).errors).toBe(1)
})

test('an error that a release signed is of no burst', () => {
  expect(worstOf([0, 0, 0])).toEqual({ errors: 0, n: 0, between: 0 })
})
