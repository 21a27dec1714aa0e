import type { Capability, Cloud } from '../cloud.ts'
import type {
  FleetBalancer,
  FleetSnapshot,
  GroupFleet,
  ListenerEntry,
  RegistrationEntry,
  ServiceSnapshot,
} from '../strategy.ts'
import { type Findings, unknown } from './finding.ts'

/**
 * One thing that can be seen to be wrong with a service. Looks at the cloud itself, never at the snapshot's figures:
 * the snapshot only says what to look at.
 */
export type Check<Options extends CheckOptions = CheckOptions> = (
  cloud: Cloud,
  service: ServiceSnapshot,
  options: Options,
) => Promise<Findings>

export interface CheckOptions {
  readonly signal?: AbortSignal | undefined
}

export interface FleetOptions extends CheckOptions {
  /** Names of the fleets to look at; those that get traffic when not given. */
  readonly fleets?: readonly string[] | undefined
}

/** The fleets that get traffic. */
export const servingFleets = (service: ServiceSnapshot): readonly FleetSnapshot[] =>
  service.fleets.filter((fleet) => (service.shares[fleet.name] ?? 0) > 0)

/** Those, and the fleets that stand ready without traffic: users may meet them with the next call. */
export const standingFleets = (service: ServiceSnapshot): readonly FleetSnapshot[] =>
  service.fleets.filter(({ name, desiredCapacity }) => {
    const share = service.shares[name]
    // Behind a listener what stands ready is in it at weight 0; of others nothing need be said anywhere.
    const ready = desiredCapacity > 0 && (share !== undefined || service.entry.via !== 'listener')
    return ready || (share ?? 0) > 0
  })

export const fleetsOf = (service: ServiceSnapshot, options: FleetOptions): readonly FleetSnapshot[] =>
  options.fleets
    ? service.fleets.filter((fleet) => options.fleets?.includes(fleet.name))
    : servingFleets(service)

/** Those of them that are Auto Scaling groups. */
export const groupsIn = (service: ServiceSnapshot, options: FleetOptions): readonly GroupFleet[] =>
  onlyGroups(fleetsOf(service, options))

export const onlyGroups = (fleets: readonly FleetSnapshot[]): readonly GroupFleet[] =>
  fleets.filter((fleet) => fleet.kind === 'group')

/** The load balancers that users meet: the one with the listener, or by DNS that of each fleet that gets traffic. */
export const balancersOf = ({
  entry,
  ...service
}: ServiceSnapshot): readonly (ListenerEntry | RegistrationEntry | FleetBalancer)[] =>
  entry.via === 'dns'
    ? onlyGroups(servingFleets({ ...service, entry })).flatMap(({ balancer }) => balancer ?? [])
    : [entry]

/** A finding for each capability that the cloud lacks: what cannot be seen is inconclusive. */
export function lacking(
  cloud: Cloud,
  service: ServiceSnapshot,
  needs: readonly Capability[],
  expected: string,
): Findings {
  return needs.flatMap((need) => {
    const support = cloud.supports(need)
    return support.ok
      ? []
      : unknown({
          subject: service.scope,
          expected,
          seen: `this cloud has no ${need}: ${support.because}`,
          hint: 'run this suite on a cloud that has it, or leave it out in the config',
          lacks: `this cloud has no ${need}: ${support.because}`,
        })
  })
}
