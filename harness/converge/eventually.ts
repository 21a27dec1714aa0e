import type { Clock } from '../clock.ts'
import { lookInterval } from './context.ts'

/** Cloud milliseconds for which a description may show what was before (EC2 API Reference, Eventual consistency). */
export const STALE_FOR = 10_000

/**
 * Does something that may not find yet what was just made, until it does or no description can be that old any more. What
 * it does must be idempotent.
 */
export async function eventually<Result>(
  clock: Clock,
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const until = clock.now() + STALE_FOR
  for (;;) {
    try {
      return await work()
    } catch (thrown) {
      if (!isNotFound(thrown) || clock.now() >= until || signal?.aborted) throw thrown
      await clock.sleep(lookInterval(0), signal)
    }
  }
}

/** All services name such errors so: TargetGroupNotFoundException, InvalidInstanceID.NotFound. */
const isNotFound = (thrown: unknown): boolean => thrown instanceof Error && /NotFound/.test(thrown.name)
