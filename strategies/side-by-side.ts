import { SluiceError } from '#harness/errors'
import type {
  ClientRoute,
  Downtime,
  FleetSnapshot,
  FleetTarget,
  GateSpec,
  Plan,
  Release,
  ServiceSnapshot,
  Stage,
  Target,
  TestWay,
} from '#harness/strategy'
import { trafficOf } from '#harness/traffic'
import { baselineOf } from './baseline.ts'
import { candidateName, nextOfPair, stableOf } from './fleet-name.ts'
import { held, inPlaceOf, parked, parkedFleets, standingBy, standingShares } from './fleets.ts'
import { plantedWith } from './pair.ts'

/** One stage of a way on which the new fleet grows beside the old one. */
export interface Step {
  readonly name: string
  /** Percent of the traffic that goes to the candidate. */
  readonly share: number
  /** Instances of the candidate, given those of the stable fleet. */
  readonly candidate: (full: number) => number
  /** Clients who are sent to the candidate, whatever its share. */
  readonly route?: Omit<ClientRoute, 'to'>
  /** How suites ask the candidate past the users. */
  readonly test?: TestWay
  /** Given where the stable fleet must be gone before the candidate comes. */
  readonly downtime?: Downtime
  /** Seconds for which DNS answers may be kept meanwhile, where records lead users to the fleets. */
  readonly ttl?: number
  readonly gate: GateSpec
}

/** As many instances as a share of the traffic needs; a fleet without traffic needs none. */
export const forShare =
  (share: number) =>
  (full: number): number =>
    Math.ceil((full * share) / 100)

/** The whole fleet. */
export const whole = (full: number): number => full

/**
 * A plan on which a candidate grows beside the stable fleet, which keeps its whole capacity until the last bake has
 * passed: from every stage the way back is one call. Only a step that announces downtime has it at 0 before. The last
 * stage parks the stable fleet at 0, out of the listener; or, where it is to be kept, has it stand by at weight 0.
 */
export function sideBySide(
  strategy: string,
  service: ServiceSnapshot,
  release: Release,
  /** The steps, or what they are for a fleet of so many instances. */
  steps: readonly Step[] | ((full: number) => readonly Step[]),
  /** How long the stable fleet stands by once it is replaced, in cloud milliseconds. */
  keep = 0,
): Plan {
  const stable = stableOf(service)
  if (keep > 0) refuseToKeep(service)
  refuseUnlessRegistered(service, stable)
  const candidate = candidateName(service, release)
  const next = nextOfPair(service)
  const full = stable.desiredCapacity
  const others = parkedFleets(service, candidate)
  const standing = standingShares(service, others)
  refuseUnlessRoom(service, standing)
  const targets = (
    fleets: Record<string, FleetTarget>,
    shares: Record<string, number>,
    { downtime, route, test, ttl }: Pick<Step, 'downtime' | 'route' | 'test' | 'ttl'> = {},
  ): Record<string, Target> => ({
    [service.scope]: {
      fleets: { ...others, ...fleets },
      traffic: trafficOf(
        service,
        { ...standing, ...shares },
        {
          ttl,
          ...(route ? { route: { ...route, to: candidate } } : {}),
          ...(test ? { test: { ...test, to: candidate } } : {}),
        },
      ),
      ...(downtime ? { downtime } : {}),
    },
  })
  const drawn = typeof steps === 'function' ? steps(full) : steps
  const downtime = drawn.find((step) => step.downtime)?.downtime
  const stages = drawn.map(
    (step): Stage => ({
      name: step.name,
      targets: targets(
        {
          [stable.name]: held(stable, stable.release, 'stable', step.downtime ? 0 : full),
          [candidate]: {
            ...held(stable, release.version, 'candidate', step.candidate(full)),
            ...plantedWith(next, release, 'candidate'),
          },
        },
        { [stable.name]: 100 - step.share, [candidate]: step.share },
        step,
      ),
      gate: step.gate,
    }),
  )
  const former = downtime && ({ by: 'downtime' } as const)
  // A pair stays in the listener as it was: with both, or with the one that serves. What stands by is health-checked there.
  const stays = keep > 0 || (next !== undefined && service.shares[next.name] !== undefined)
  const retire: Stage = {
    name: keep > 0 ? 'keep old' : 'retire old',
    targets: targets(
      {
        [stable.name]: keep > 0 ? standingBy(stable, keep) : parked(stable),
        [candidate]: {
          ...inPlaceOf(stable, release.version, former),
          ...plantedWith(next, release, 'stable'),
        },
      },
      { ...(stays ? { [stable.name]: 0 } : {}), [candidate]: 100 },
    ),
    gate: { suites: 'post-deploy', bake: 0, extend: 0 },
  }
  return {
    strategy,
    from: stable.release,
    to: release.version,
    baseline: baselineOf(service, downtime ? { downtime } : {}),
    stages: stable.release === release.version ? [] : [...stages, retire],
  }
}

/** For how long a fleet is kept is written on its group, and led by DNS it would be asked by whoever ignores TTLs. */
function refuseToKeep({ entry, scope }: ServiceSnapshot): void {
  if (entry.via !== 'dns') return
  throw new SluiceError(
    'precondition',
    `${scope} is reached by DNS, where \`keep\` does not hold an old fleet ready`,
    {
      hint: 'give the strategy a longer bake: until it is over the old fleet stands at full capacity',
    },
  )
}

/** Attached or not, instances of such a group get into no target group (EC2 Auto Scaling User Guide, Suspend and resume processes). */
function refuseUnlessRegistered({ entry, scope }: ServiceSnapshot, stable: FleetSnapshot): void {
  if (entry.via !== 'registration' || !stable.suspendedProcesses.includes('AddToLoadBalancer')) return
  throw new SluiceError(
    'precondition',
    `${scope} is reached by registration, and ${stable.name} registers nothing: its process AddToLoadBalancer is suspended`,
    { hint: 'resume the process; then register the instances that were launched meanwhile' },
  )
}

/** The most target groups that one forward action takes (Elastic Load Balancing, quotas). */
const MOST_GROUPS = 5

/** Beside what stays in the listener, the two fleets need room there. */
function refuseUnlessRoom(
  { entry, shares }: ServiceSnapshot,
  standing: Readonly<Record<string, number>>,
): void {
  if (entry.via !== 'listener' || Object.keys(standing).length + 2 <= MOST_GROUPS) return
  const count = Object.keys(shares).length
  throw new SluiceError(
    'precondition',
    `the listener of ${entry.loadBalancerName} forwards to ${count} target groups already, and takes ${MOST_GROUPS}`,
    { hint: 'take those out of it that get no traffic' },
  )
}
