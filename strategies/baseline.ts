import type { Downtime, FleetTarget, GateSpec, ServiceSnapshot, Stage } from '#harness/strategy'
import { asFound } from './fleets.ts'

const NO_GATE: GateSpec = { suites: 'pre-deploy', bake: 0, extend: 0 }

/** The service as it stands, as a stage: what a revert converges to, with the downtime that this takes. */
export function baselineOf(service: ServiceSnapshot, downtime?: Downtime): Stage {
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
      [service.scope]: { fleets, traffic: { via: 'listener', shares }, ...(downtime ? { downtime } : {}) },
    },
    gate: NO_GATE,
  }
}
