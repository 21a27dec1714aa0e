import type { FleetTarget, GateSpec, ServiceSnapshot, Stage, Target } from '#harness/strategy'
import { trafficOf } from '#harness/traffic'
import { nextOfPair } from './fleet-name.ts'
import { asFound } from './fleets.ts'
import { asPlanted } from './pair.ts'

const NO_GATE: GateSpec = { suites: 'pre-deploy', bake: 0, extend: 0 }

/** The service as it stands, as a stage: what a revert converges to. `more` is what that takes beyond what was found. */
export function baselineOf(
  service: ServiceSnapshot,
  more: Partial<Pick<Target, 'downtime' | 'fleets'>> = {},
): Stage {
  const fleets: Record<string, FleetTarget> = {}
  const shares: Record<string, number> = {}
  const next = nextOfPair(service)
  for (const fleet of service.fleets) {
    // Left by an attempt that ended badly: not part of the service.
    if (fleet.role === 'candidate' && fleet !== next) continue
    fleets[fleet.name] = { ...asFound(fleet), ...(fleet === next ? asPlanted(fleet) : {}) }
    const share = service.shares[fleet.name]
    if (share !== undefined) shares[fleet.name] = share
  }
  for (const [name, share] of Object.entries(service.shares)) {
    // Behind which no fleet stands: it is not deployed to, and stays what it is.
    if (service.fleets.every((fleet) => fleet.name !== name)) shares[name] = share
  }
  return {
    name: 'baseline',
    targets: {
      [service.scope]: {
        ...more,
        fleets: { ...fleets, ...more.fleets },
        traffic: trafficOf(service, shares),
      },
    },
    gate: NO_GATE,
  }
}
