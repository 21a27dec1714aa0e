import type { WallClock } from '../clock.ts'

/** A token bucket. Below 0 it is owed what callers wait for. `at` in wall milliseconds. */
export interface Bucket {
  readonly tokens: number
  readonly at: number
}

export interface Rate {
  readonly perSecond: number
  /** Calls that may go out at once after a pause. */
  readonly burst: number
}

/** Takes one token; `wait` is how many milliseconds later it may be used. Callers are served in order. */
export function take(bucket: Bucket, { perSecond, burst }: Rate, now: number): Bucket & { wait: number } {
  const refilled = Math.min(burst, bucket.tokens + ((now - bucket.at) * perSecond) / 1_000)
  const tokens = refilled - 1
  return { tokens, at: now, wait: tokens >= 0 ? 0 : (-tokens / perSecond) * 1_000 }
}

/** Resolves when one more call may go out. */
export type Limiter = (signal?: AbortSignal) => Promise<void>

export function createLimiter(rate: Rate, clock: WallClock): Limiter {
  let bucket: Bucket = { tokens: rate.burst, at: clock.now() }
  return async (signal) => {
    const { wait, ...left } = take(bucket, rate, clock.now())
    bucket = left
    if (wait > 0) await clock.sleep(wait, signal)
  }
}
