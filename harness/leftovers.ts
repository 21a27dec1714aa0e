import type { FleetSnapshot, FleetTarget, ServiceSnapshot, Target } from './strategy.ts'
import { trafficOf } from './traffic.ts'

/** A fleet that stood by, at 0 like any that served before. */
const atZero = ({ release, role, maxSize, suspendedProcesses }: FleetSnapshot): FleetTarget => ({
  release,
  role,
  desiredCapacity: 0,
  minSize: 0,
  maxSize,
  suspendedProcesses,
})

/**
 * A target without what deployments before this one left parked: the fleet that was just replaced is the way back now. What
 * Sluice made goes, what the user made and stood by ends at 0. Undefined where nothing is left over.
 */
export function withoutLeftovers(before: ServiceSnapshot, target: Target): Target | undefined {
  const old = before.fleets.filter(
    ({ role, owned, keptUntil, name }) =>
      role === 'parked' && (owned || keptUntil !== undefined) && (target.traffic.shares[name] ?? 0) === 0,
  )
  if (old.length === 0) return undefined
  const gone = new Set(old.map(({ name }) => name))
  const kept = Object.entries(target.fleets).filter(([name]) => !gone.has(name))
  const ended = old.filter(({ owned }) => !owned).map((fleet) => [fleet.name, atZero(fleet)] as const)
  const shares = Object.entries(target.traffic.shares).filter(([name]) => !gone.has(name))
  return {
    ...target,
    fleets: Object.fromEntries([...kept, ...ended]),
    traffic: { ...target.traffic, shares: Object.fromEntries(shares) },
  }
}

/** The service as it stands, but for fleets that stood by and need not any longer: these are parked at 0. */
export function withoutKept(service: ServiceSnapshot, now: number): Target | undefined {
  const over = service.fleets.filter(({ keptUntil = Number.POSITIVE_INFINITY }) => keptUntil <= now)
  if (over.length === 0) return undefined
  const fleets = service.fleets.map((fleet) => [
    fleet.name,
    over.includes(fleet) ? atZero(fleet) : asItStands(fleet),
  ])
  const stays = ([name]: readonly [string, number]): boolean =>
    service.pair === true || !over.some((fleet) => fleet.name === name)
  return {
    fleets: Object.fromEntries(fleets),
    traffic: trafficOf(service, Object.fromEntries(Object.entries(service.shares).filter(stays))),
  }
}

const asItStands = (fleet: FleetSnapshot): FleetTarget => ({
  release: fleet.release,
  role: fleet.role,
  desiredCapacity: fleet.desiredCapacity,
  minSize: fleet.minSize,
  maxSize: fleet.maxSize,
  suspendedProcesses: fleet.suspendedProcesses,
  ...(fleet.former ? { former: fleet.former } : {}),
  ...(fleet.keptUntil === undefined ? {} : { kept: { until: fleet.keptUntil } }),
})
