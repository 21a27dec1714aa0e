import type { FleetRole, FleetSnapshot, FleetTarget, ServiceSnapshot } from '#harness/strategy'

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
  maxSize: Math.max(model.maxSize, capacity),
  suspendedProcesses: [...new Set([...model.suspendedProcesses, ...SCALING_PROCESSES])].sort(),
})

/** A fleet that has taken the place of another, and its bounds with it. */
export const inPlaceOf = (model: FleetSnapshot, release: string): FleetTarget => ({
  ...asFound(model),
  release,
  role: 'stable',
})

/** A fleet that served, stands at 0 and may be brought back. */
export const parked = (fleet: FleetSnapshot): FleetTarget => ({
  ...asFound(fleet),
  role: 'parked',
  desiredCapacity: 0,
  minSize: 0,
})

/** Fleets parked by earlier deployments stay as they are. */
export const parkedFleets = (service: ServiceSnapshot, candidate?: string): Record<string, FleetTarget> =>
  Object.fromEntries(
    service.fleets
      .filter((fleet) => fleet.role === 'parked' && fleet.name !== candidate)
      .map((fleet) => [fleet.name, asFound(fleet)]),
  )
