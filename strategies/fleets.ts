import { noneOf } from '#harness/sizes'
import type { FleetRole, FleetSnapshot, FleetTarget, Former, ServiceSnapshot } from '#harness/strategy'

/** What would change a fleet's size from outside while a deployment counts on it. */
const SCALING_PROCESSES = ['AlarmNotification', 'ScheduledActions']

/** A fleet as it was found: what restoring it means. */
export const asFound = (fleet: FleetSnapshot): FleetTarget => ({
  release: fleet.release,
  role: fleet.role,
  desiredCapacity: fleet.desiredCapacity,
  minSize: fleet.minSize,
  maxSize: fleet.maxSize,
  suspendedProcesses: fleet.suspendedProcesses,
  ...(fleet.former ? { former: fleet.former } : {}),
  ...(fleet.keptUntil === undefined ? {} : { kept: { until: fleet.keptUntil } }),
})

/** A fleet that keeps its size whatever alarms and schedules say: never below what is counted on. */
export const held = (
  model: FleetSnapshot,
  release: string,
  role: FleetRole,
  capacity: number,
): FleetTarget => ({
  release,
  role,
  desiredCapacity: capacity,
  minSize: capacity,
  // Nothing but Sluice changes how many plain instances there are.
  maxSize: model.kind === 'group' ? Math.max(model.maxSize, capacity) : capacity,
  suspendedProcesses:
    model.kind === 'group' ? [...new Set([...model.suspendedProcesses, ...SCALING_PROCESSES])].sort() : [],
  ...(role === 'stable' && model.former ? { former: model.former } : {}),
})

/** A fleet that has taken the place of another, and its bounds with it; and how what served before is got back. */
export const inPlaceOf = (model: FleetSnapshot, release: string, former?: Former): FleetTarget => ({
  ...withoutFormer(asFound(model)),
  release,
  role: 'stable',
  ...(former ? { former } : {}),
})

/** A fleet that served, stands at 0 and may be brought back. */
export const parked = (fleet: FleetSnapshot): FleetTarget => ({
  ...withoutFormer(asFound(fleet)),
  role: 'parked',
  ...noneOf(fleet),
})

const withoutFormer = ({ former: _former, kept: _kept, ...goal }: FleetTarget): FleetTarget => goal

/** A fleet that served and stands by at its whole capacity, without traffic, for a while. */
export const standingBy = (fleet: FleetSnapshot, keep: number): FleetTarget => ({
  ...parked(fleet),
  desiredCapacity: fleet.desiredCapacity,
  minSize: fleet.desiredCapacity,
  kept: { for: keep },
})

/**
 * What stays in the listener beside the two, without traffic: a fleet that stands by from an earlier deployment, which is
 * health-checked there until this one has ended, and target groups that no fleet stands behind.
 */
export const standingShares = (
  { shares, fleets }: ServiceSnapshot,
  parkedBefore: Readonly<Record<string, FleetTarget>>,
): Record<string, number> =>
  Object.fromEntries(
    Object.keys(shares)
      .filter(
        (name) => parkedBefore[name]?.kept !== undefined || fleets.every((fleet) => fleet.name !== name),
      )
      .map((name) => [name, 0]),
  )

/** Fleets parked by earlier deployments stay as they are. */
export const parkedFleets = (service: ServiceSnapshot, candidate?: string): Record<string, FleetTarget> =>
  Object.fromEntries(
    service.fleets
      .filter((fleet) => fleet.role === 'parked' && fleet.name !== candidate)
      .map((fleet) => [fleet.name, asFound(fleet)]),
  )
