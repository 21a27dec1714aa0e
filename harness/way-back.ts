import { SluiceError } from './errors.ts'
import { noneOf } from './sizes.ts'
import type {
  FleetSnapshot,
  FleetTarget,
  Former,
  Plan,
  Release,
  ServiceSnapshot,
  Target,
} from './strategy.ts'
import { trafficOf } from './traffic.ts'

/** The way back from a promoted release: its baseline is what served before, at the size of the present fleet. */
export interface WayBack {
  readonly plan: Plan
  readonly release: Release
}

/**
 * Draws the way back from the release that serves: to the one fleet that is parked, or in place, to the launch template
 * version that the same fleet ran before. `apart`: the two releases must never run at once, whatever is recorded. Pure.
 * Throws `precondition` where nothing is known to go back to, or too much.
 */
export function wayBack(service: ServiceSnapshot, apart = false): WayBack {
  const present = service.fleets.find(({ role }) => role === 'stable')
  if (!present) throw new SluiceError('internal', `${service.scope} has no stable fleet`)
  if (present.former?.by === 'refresh') return inPlace(service, present, present.former)
  return toParked(service, present, apart || present.former?.by === 'downtime')
}

/** By giving the parked fleet its capacity and the traffic; where the two never run at once, only when the other is gone. */
function toParked(service: ServiceSnapshot, present: FleetSnapshot, apart: boolean): WayBack {
  const former = formerOf(service)
  const { former: _, ...size } = sizeOf(present)
  return drawn(service, present, former.release, {
    fleets: {
      [former.name]: { ...size, release: former.release, role: 'stable' },
      [present.name]: {
        ...size,
        release: present.release,
        role: 'parked',
        ...noneOf(present),
      },
    },
    traffic: trafficOf(service, { [former.name]: 100 }),
    ...(apart ? { downtime: { drain: present.deregistrationDelay * 1_000 } } : {}),
  })
}

/** By an instance refresh of the one fleet, which runs the version before once again. */
function inPlace(
  service: ServiceSnapshot,
  present: FleetSnapshot,
  former: Extract<Former, { by: 'refresh' }>,
): WayBack {
  const { former: _, ...size } = sizeOf(present)
  const { launchTemplateVersion: replaces, minHealthy, maxHealthy, release } = former
  const mix = { release: present.release, percent: 0, replaces, minHealthy, maxHealthy }
  return drawn(service, present, release, {
    fleets: { [present.name]: { ...size, release, role: 'stable', mix } },
    traffic: trafficOf(service, service.shares),
  })
}

/** A plan that leads from where the service stands to what it shall go back to, fleets not named there as they are. */
function drawn(service: ServiceSnapshot, present: FleetSnapshot, from: string, back: Target): WayBack {
  const fleets = Object.fromEntries(service.fleets.map((fleet) => [fleet.name, asItStands(fleet)]))
  return {
    release: { version: present.release },
    plan: {
      strategy: 'revert',
      from,
      to: present.release,
      baseline: {
        name: `back to ${from}`,
        targets: { [service.scope]: { ...back, fleets: { ...fleets, ...back.fleets } } },
        gate: { suites: 'pre-deploy', bake: 0, extend: 0 },
      },
      stages: [
        {
          name: `${present.release} 100%`,
          targets: { [service.scope]: { fleets, traffic: trafficOf(service, service.shares) } },
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
      ? `${scope} keeps nothing that served before: no fleet is parked, and none has recorded what it ran`
      : `${scope} keeps more than one fleet that served before: ${names}`,
    { hint: 'deploy the release that you want: `sluice deploy --release <name>`' },
  )
}

type Size = Pick<FleetTarget, 'desiredCapacity' | 'minSize' | 'maxSize' | 'suspendedProcesses' | 'former'>

const sizeOf = ({ desiredCapacity, minSize, maxSize, suspendedProcesses, former }: FleetSnapshot): Size => ({
  desiredCapacity,
  minSize,
  maxSize,
  suspendedProcesses,
  ...(former ? { former } : {}),
})

const asItStands = (fleet: FleetSnapshot): FleetTarget => ({
  ...sizeOf(fleet),
  release: fleet.release,
  role: fleet.role,
})
