import type { FleetTarget, GateSpec, ServiceSnapshot, Stage, Target } from '#harness/strategy'
import { asFound } from './fleets.ts'

const NO_GATE: GateSpec = { suites: 'pre-deploy', bake: 0, extend: 0 }

/** The service as it stands, as a stage: what a revert converges to. `more` is what that takes beyond what was found. */
export function baselineOf(
  service: ServiceSnapshot,
  more: Partial<Pick<Target, 'downtime' | 'fleets'>> = {},
): Stage {
  const fleets: Record<string, FleetTarget> = {}
  const shares: Record<string, number> = {}
  for (const fleet of service.fleets) {
    if (fleet.role === 'candidate') continue // Left by an attempt that ended badly: not part of the service.
    fleets[fleet.name] = asFound(fleet)
    const share = service.shares[fleet.name]
    if (share !== undefined) shares[fleet.name] = share
  }
  return {
    name: 'baseline',
    targets: {
      [service.scope]: {
        ...more,
        fleets: { ...fleets, ...more.fleets },
        traffic: { via: 'listener', shares },
      },
    },
    gate: NO_GATE,
  }
}
