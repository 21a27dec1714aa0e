import { type Convergence, journaled } from './converge/index.ts'
import { urgentShares } from './converge/order.ts'
import type { ServiceSnapshot, Target } from './strategy.ts'

/** When it was decided to go back, in cloud and wall time. */
export interface Decided {
  readonly at: number
  readonly wallAt: number
}

/** Notes that the old release has all the traffic, with the calls that this took: none where it never lost any. */
export function noteRestored(run: Convergence, decided: Decided, calls: number): void {
  const { clock } = run.cloud
  run.journal.append({
    type: 'traffic-restored',
    calls,
    afterVerdictMs: clock.now() - decided.at,
    afterVerdictWallMs: clock.wall.now() - decided.wallAt,
  })
}

/**
 * Gives all traffic back to the old release at once, with what is known already: one call, before anything is looked
 * at or repaired. Does nothing when the traffic is there, or when the old fleet must first get its capacity back. Returns the service as it then is.
 */
export async function restoreTraffic(
  run: Convergence,
  known: ServiceSnapshot,
  target: Target,
  decided: Decided,
  writes: () => number,
): Promise<ServiceSnapshot> {
  const shares = urgentShares(known, target)
  if (!shares) return known
  const before = writes()
  await journaled(run, { kind: 'set-weights', shares, reason: 'shift' }, known)
  noteRestored(run, decided, writes() - before)
  return { ...known, shares }
}
