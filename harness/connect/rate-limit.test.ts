import { expect, test } from 'vitest'
import { type Bucket, take } from './rate-limit.ts'

const rate = { perSecond: 10, burst: 3 }

/** How long each of several callers waits. */
function waits(instants: readonly number[]): number[] {
  let bucket: Bucket = { tokens: rate.burst, at: 0 }
  return instants.map((now) => {
    const { wait, ...left } = take(bucket, rate, now)
    bucket = left
    return Math.round(wait)
  })
}

test('a burst goes out at once, and what is above it at the rate, in order', () => {
  expect(waits([0, 0, 0, 0, 0, 0])).toEqual([0, 0, 0, 100, 200, 300])
})

test('a pause refills no more than the burst', () => {
  expect(waits([0, 0, 0, 60_000, 60_000, 60_000, 60_000])).toEqual([0, 0, 0, 0, 0, 0, 100])
})

test('calls at the rate never wait', () => {
  expect(waits([0, 100, 200, 300, 400, 500, 600])).toEqual([0, 0, 0, 0, 0, 0, 0])
})
