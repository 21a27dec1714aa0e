import { SluiceError } from './errors.ts'
import type { FleetSnapshot, FleetTarget, Plan, Release, ServiceSnapshot } from './strategy.ts'

/** The way back from a promoted release: its baseline is the fleet that served before, at the size of the present one. */
export interface WayBack {
  readonly plan: Plan
  readonly release: Release
}

/**
 * Draws the way back to the one fleet that is parked. Pure. Throws `precondition` when there is none, or more than one.
 */
export function wayBack(service: ServiceSnapshot): WayBack {
  const present = service.fleets.find(({ role }) => role === 'stable')
  if (!present) throw new SluiceError('internal', `${service.scope} has no stable fleet`)
  const former = formerOf(service)
  const rest = service.fleets.filter((fleet) => fleet !== present && fleet !== former)
  const others = Object.fromEntries(rest.map((fleet) => [fleet.name, asItStands(fleet)]))
  const target = (fleets: Record<string, FleetTarget>, shares: Record<string, number>) => ({
    [service.scope]: { fleets: { ...others, ...fleets }, traffic: { via: 'listener', shares } as const },
  })
  return {
    release: { version: present.release },
    plan: {
      strategy: 'revert',
      from: former.release,
      to: present.release,
      baseline: {
        name: `back to ${former.release}`,
        targets: target(
          {
            [former.name]: { ...sizeOf(present), release: former.release, role: 'stable' },
            [present.name]: {
              ...sizeOf(present),
              release: present.release,
              role: 'parked',
              desiredCapacity: 0,
              minSize: 0,
            },
          },
          { [former.name]: 100 },
        ),
        gate: { suites: 'pre-deploy', bake: 0, extend: 0 },
      },
      stages: [
        {
          name: `${present.release} 100%`,
          targets: target(
            { [present.name]: asItStands(present), [former.name]: asItStands(former) },
            { [present.name]: 100 },
          ),
          gate: { suites: 'post-deploy', bake: 0, extend: 0 },
        },
      ],
    },
  }
}

function formerOf({ scope, fleets }: ServiceSnapshot): FleetSnapshot {
  const parked = fleets.filter(({ role }) => role === 'parked')
  const [former] = parked
  if (former && parked.length === 1) return former
  const names = parked.map(({ name, release }) => `${name} (${release})`).join(', ')
  throw new SluiceError(
    'precondition',
    parked.length === 0
      ? `${scope} keeps no fleet that served before: there is nothing to go back to`
      : `${scope} keeps more than one fleet that served before: ${names}`,
    { hint: 'deploy the release that you want: `sluice deploy --release <name>`' },
  )
}

type Size = Pick<FleetTarget, 'desiredCapacity' | 'minSize' | 'maxSize' | 'suspendedProcesses'>

const sizeOf = ({ desiredCapacity, minSize, maxSize, suspendedProcesses }: FleetSnapshot): Size => ({
  desiredCapacity,
  minSize,
  maxSize,
  suspendedProcesses,
})

const asItStands = (fleet: FleetSnapshot): FleetTarget => ({
  ...sizeOf(fleet),
  release: fleet.release,
  role: fleet.role,
})
