import { type Convergence, journaled } from './converge/index.ts'
import { urgentShares } from './converge/order.ts'
import type { ServiceSnapshot, Target } from './strategy.ts'

/** When it was decided to go back, in cloud and wall time. */
export interface Decided {
  readonly at: number
  readonly wallAt: number
}

/**
 * Gives all traffic back to the old release at once, with what is known already: one call, before anything is looked
 * at or repaired. Does nothing when the traffic is there, or when the old fleet must first get its capacity back.
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
  const { clock } = run.cloud
  const before = writes()
  await journaled(run, { kind: 'set-weights', shares, reason: 'shift' }, known)
  run.journal.append({
    type: 'traffic-restored',
    calls: writes() - before,
    afterVerdictMs: clock.now() - decided.at,
    afterVerdictWallMs: clock.wall.now() - decided.wallAt,
  })
  return { ...known, shares }
}
