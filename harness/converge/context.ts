import type { Clock } from '../clock.ts'
import type { Cloud, RegionClients } from '../cloud.ts'
import type { ServiceRef } from '../gate.ts'
import type { WaitFor } from '../journal/event.ts'
import type { Release, ServiceSnapshot } from '../strategy.ts'

/** What an action is performed with. */
export interface ActionContext {
  readonly cloud: Cloud
  readonly ref: ServiceRef
  readonly clients: RegionClients
  readonly clock: Clock
  /** Aborts when the action's deadline passes or the deployment is interrupted. */
  readonly signal: AbortSignal
  /** The service as last observed; actions read names and ARNs from it. */
  readonly observed: ServiceSnapshot
  /** What a created fleet runs. */
  readonly release: Release
  readonly deployment: string
  /** Accounts for time that AWS imposed. */
  waited(wait: WaitFor, what: string, ms: number): void
}

/** Cloud milliseconds between two looks while waiting, at least and at most. */
export const LOOK_INTERVAL = 1_000
const LONGEST_LOOK_INTERVAL = 15_000
/** How much later than it was there a thing may be seen, as a share of what was waited for it. */
const LATE = 0.1

/**
 * The time until the next look, after so much was waited: the longer it takes, the less a look tells. Before what is `certain`
 * to be waited it tells next to nothing. So the looks that a wait takes hardly grow with its length.
 */
export function lookInterval(waited: number, certain = 0): number {
  if (waited < certain) return Math.max(LOOK_INTERVAL, Math.min(certain - waited, LONGEST_LOOK_INTERVAL))
  return Math.min(Math.max((waited - certain) * LATE, LOOK_INTERVAL), LONGEST_LOOK_INTERVAL)
}

/** Cloud milliseconds after which an action is given up. */
export const ACTION_DEADLINE = {
  'create-fleet': 120_000,
  'set-capacity': 60_000,
  'set-processes': 60_000,
  'set-weights': 60_000,
  /** Propagation, and the TTL that resolvers were told before: an hour at most is sound. */
  'set-records': 9_000_000,
  /** Registration and the first health checks; a release that takes longer does not become healthy. */
  'set-attached': 600_000,
  /** A drain of at most an hour (AWS's limit). */
  'await-deregistered': 4_500_000,
  'await-unasked': 9_000_000,
  'add-route': 60_000,
  'remove-route': 60_000,
  'add-test-listener': 60_000,
  'remove-test-listener': 60_000,
  'set-roles': 60_000,
  /** Boot, warm-up and the first health check; a release that takes longer does not become healthy. */
  'await-healthy': 600_000,
  /** A drain of at most an hour (AWS's limit), and the termination behind it. */
  'await-empty': 4_500_000,
  'await-drained': 4_500_000,
  /** Batch after batch; one that does not come up is given up as by `await-healthy`. */
  refresh: 21_600_000,
  'roll-back': 21_600_000,
  'remove-versions': 60_000,
  'set-template': 60_000,
  'set-marks': 60_000,
  'set-release': 60_000,
  'set-former': 60_000,
  'set-kept': 60_000,
  'remove-fleet': 900_000,
  'clear-remains': 120_000,
} as const
