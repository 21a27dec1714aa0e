import type { z } from 'zod'

/** Name of a service in a region, e.g. `orders@us-east-1`. */
export type Scope = string

/** Name of an Auto Scaling group as AWS knows it; of plain instances, what their tag says. */
export type FleetName = string

/** What is deployed. */
export interface Release {
  /** What the service answers in `x-app-version`. */
  readonly version: string
  /** Launch-template data that differs from the stable fleet's; what is not given stays the same. */
  readonly userData?: string
  readonly imageId?: string
  /** A version of the stable fleet's launch template that exists already (a number, never `$Latest`). */
  readonly launchTemplateVersion?: number
}

export type FleetRole = 'stable' | 'candidate' | 'parked'

/** Instances running one release, as observed: of an Auto Scaling group behind a target group, or plain ones. */
export type FleetSnapshot = GroupFleet | InstanceFleet

export interface GroupFleet extends FleetBase {
  readonly kind: 'group'
  readonly autoScalingGroupName: string
  /** By registration the one that all fleets of the service share: `shares` says whose group is attached to it. */
  readonly targetGroupArn: string
  /** The load balancer that is the fleet's own, where users are led to fleets by DNS. */
  readonly balancer?: FleetBalancer
}

/** Its address is a record's, so nothing stands between users and its instances; its bounds are its capacity. */
export interface InstanceFleet extends FleetBase {
  readonly kind: 'instances'
  /** Those that are healthy, in the order of their ids, and the addresses that users are given of them. */
  readonly instanceIds: readonly string[]
  readonly addresses: readonly string[]
}

interface FleetBase {
  readonly name: FleetName
  /** `stable` serves today, `candidate` is being proven, `parked` served before and stands at 0. */
  readonly role: FleetRole
  /** The release's version: from the group's `sluice:release` tag, else from its user data; else `unknown`. */
  readonly release: string
  readonly launchTemplate: { readonly id: string; readonly version: string }
  readonly minSize: number
  readonly maxSize: number
  readonly desiredCapacity: number
  /** Instances `InService` in the group. */
  readonly inService: number
  /** Its targets that are `healthy` in the target group; of a group that is attached to none, its instances `InService`. */
  readonly healthy: number
  /** Instances of the group and its targets in the target group in any state: both 0 once it has drained. */
  readonly instances: number
  readonly targets: number
  readonly suspendedProcesses: readonly string[]
  /** Seconds. */
  readonly deregistrationDelay: number
  /** Whether Sluice created it (and so may delete it). */
  readonly owned: boolean
  /** Cloud instant until which it stands by at full capacity, so that going back to it is one call. */
  readonly keptUntil?: number
  /** How the release before the one it runs is got back, where that takes more than giving a parked fleet the traffic. */
  readonly former?: Former
  /** What its instances run, while they do not all run the launch template version that the group records. */
  readonly mixed?: readonly MixedRelease[]
  /** An instance refresh is under way. This and the next are looked for only where fleets are changed in place. */
  readonly refreshing?: true
  /** Launch template versions that the deployment has made for it, by number. */
  readonly made?: readonly string[]
  /** What tags say of one of a pair, as found: each is given back, or taken away, one by one. */
  readonly marks?: Marks
}

/** What Sluice records at one of a pair while a deployment is under way, and of the release it runs. */
export interface Marks {
  readonly role?: string
  readonly release?: string
}

/** How a release that was replaced is got back after promotion. */
export type Former =
  /** Its fleet is parked, and the two releases must never run at once. */
  | { readonly by: 'downtime' }
  /** It ran in this very group: by an instance refresh to the numbered launch template version that it ran from. */
  | {
      readonly by: 'refresh'
      readonly release: string
      readonly launchTemplateVersion: string
      /** Percent of the capacity, as of `Mix`. */
      readonly minHealthy: number
      readonly maxHealthy: number
    }

/** The instances of a fleet that were launched from one launch template version, those on their way out left out. */
export interface MixedRelease {
  readonly launchTemplateVersion: string
  /** As far as the version itself tells; else `unknown`. */
  readonly release: string
  readonly instanceIds: readonly string[]
}

/** Where users reach a service. */
export type EntrySnapshot = ListenerEntry | RegistrationEntry | DnsEntry

/** A listener that forwards to fleets by weights. */
export interface ListenerEntry extends Listening {
  readonly via: 'listener'
  /** Seconds of group stickiness; 0 when off. */
  readonly stickiness: number
}

/**
 * A listener that forwards to one target group, whatever is deployed. Users are led to the fleets whose groups are
 * attached to it: it is their instances that are registered there.
 */
export interface RegistrationEntry extends Listening {
  readonly via: 'registration'
  /** The user's own, and never changed. */
  readonly targetGroupArn: string
}

/** A listener of a load balancer. */
interface Listening {
  readonly loadBalancerArn: string
  /** Dimension-style name (`app/orders/50dc…`). */
  readonly loadBalancerName: string
  readonly dnsName: string
  readonly listenerArn: string
  readonly port: number
  readonly protocol: string
}

/** A load balancer that leads to one fleet alone. */
export interface FleetBalancer extends Listening {
  /** The zone that aliases of it name. */
  readonly hostedZoneId: string
}

/** A name whose weighted records lead to fleets. */
export interface DnsEntry {
  readonly via: 'dns'
  readonly zone: { readonly id: string; readonly name: string }
  /** The records' name, without the final dot. */
  readonly dnsName: string
  readonly type: 'A'
  /** What the records say: the name of a load balancer, or addresses of instances. */
  readonly answers: 'alias' | 'addresses'
  /** Seconds for which an answer may be kept. Of an alias it is the load balancer's, and nobody's to change. */
  readonly ttl: number
  readonly records: readonly RecordSnapshot[]
  readonly port: number
  readonly protocol: string
}

/** One of the weighted records. */
export interface RecordSnapshot {
  readonly fleet: FleetName
  readonly setIdentifier: string
  readonly weight: number
  readonly values?: readonly string[]
  readonly alias?: {
    readonly hostedZoneId: string
    readonly dnsName: string
    readonly evaluateTargetHealth: boolean
  }
  readonly healthCheckId?: string
}

/** A service as it stands in the cloud. Plain data. */
export interface ServiceSnapshot {
  readonly scope: Scope
  readonly service: string
  readonly region: string
  readonly entry: EntrySnapshot
  /** Every fleet of the service, in the order stable, candidate, parked. Exactly one is stable. */
  readonly fleets: readonly FleetSnapshot[]
  /** Weights of the forward action, or of the records, by fleet; a fleet in neither has no entry. A target group that no fleet stands behind is named by its ARN. By registration: 100 for a fleet whose group is attached. */
  readonly shares: Readonly<Record<FleetName, number>>
  /** Both fleets were made by the user's infrastructure code, and stay: the stable one, and the one that is next. */
  readonly pair?: true
  /** Rules of the listener that a deployment of this service has made; absent when there are none. */
  readonly routes?: readonly RouteSnapshot[]
  /** Other listeners of the load balancer; absent when there are none. */
  readonly listeners?: readonly ListenerSnapshot[]
}

export interface ListenerSnapshot {
  readonly listenerArn: string
  readonly port: number
  /** A deployment of this service has made it. */
  readonly owned?: true
  /** The fleet that such a one forwards to; absent where it is none of the service's. */
  readonly to?: FleetName
}

/** Clients that a rule of the listener sends to one fleet, whatever the weights say. */
export interface ClientRoute {
  readonly to: FleetName
  /** What all of their requests carry: values of headers, and one cookie at most. */
  readonly header: Readonly<Record<string, string>>
  readonly cookie?: { readonly name: string; readonly value: string }
}

/**
 * A way past the traffic to one fleet, by which suites ask it: for requests with these headers, or through another port
 * of the load balancer. It is made for a stage, and gone after it.
 */
export type TestRoute = { readonly to: FleetName } & TestWay
export type TestWay =
  | { readonly header: Readonly<Record<string, string>>; readonly listener?: undefined }
  | { readonly listener: number; readonly header?: undefined }

/** A rule as found. */
export interface RouteSnapshot {
  readonly ruleArn: string
  /** The fleet that it forwards to; absent where it is none of the service's. */
  readonly to?: FleetName
  /** Its conditions, in words that are the same for the same conditions. */
  readonly conditions: string
}

export type GatePhase = 'pre-deploy' | 'shift' | 'post-deploy' | 'resilience'

/** What must pass before the next stage. */
export interface GateSpec {
  /** The suites to run. */
  readonly suites: GatePhase
  /** Cloud milliseconds during which traffic is watched. */
  readonly bake: number
  /** How long an inconclusive gate may be extended, in cloud milliseconds; then it fails closed. */
  readonly extend: number
  /** A person who approves of going on ends the bake early, where one is asked. */
  readonly early?: true
  /** How long, in cloud milliseconds, a person is waited for who approves of going on; absent where nobody is asked. */
  readonly approval?: number
}

/** Everything of a fleet that Sluice sets, so that holding it still and giving it back are plain convergence. */
export interface FleetTarget {
  readonly release: string
  readonly role: FleetRole
  readonly desiredCapacity: number
  readonly minSize: number
  readonly maxSize: number
  readonly suspendedProcesses: readonly string[]
  /** What shall be recorded at the fleet; nothing where absent. */
  readonly former?: Former
  /** It stands by: for so long in cloud milliseconds from when that is recorded, or until an instant. */
  readonly kept?: Kept
  /** Given where the fleet is changed in place: by instance refresh, within its own group. */
  readonly mix?: Mix
  /**
   * The launch template version that the group of one of a pair launches from: as it was found or given, or a numbered one
   * that is made of the release. It is changed only while the fleet is empty.
   */
  readonly template?: { readonly version: string } | 'release'
  /** Given with `template`: exactly what shall be recorded at it. */
  readonly marks?: Marks
}

export type Kept =
  | { readonly for: number; readonly until?: undefined }
  | { readonly until: number; readonly for?: undefined }

/** How far the instances of a fleet have been replaced, and how that is done. */
export interface Mix {
  /** What replaces the fleet's release, by version. */
  readonly release: string
  /** Percent of the instances that run it, rounded up to whole ones. */
  readonly percent: number
  /** The numbered launch template version that all the others run: what is replaced, and the way back. */
  readonly replaces: string
  /** Percent of the capacity that stays healthy at least, and that is there at most, while instances are replaced. */
  readonly minHealthy: number
  readonly maxHealthy: number
}

export interface Target {
  /** Every fleet that shall exist; one that Sluice created and is not named here is removed. */
  readonly fleets: Readonly<Record<FleetName, FleetTarget>>
  readonly traffic: Traffic
  /** Given where two releases must never run at once: what shrinks is empty before anything grows, forward and back. */
  readonly downtime?: Downtime
}

export interface Traffic {
  /**
   * What the shares are weights of: the listener's forward, or the records of the service's name. By registration a share is
   * 100 or 0: whether the fleet's group is attached to the target group.
   */
  readonly via: EntrySnapshot['via']
  readonly shares: Readonly<Record<FleetName, number>>
  /** Clients who are sent elsewhere; without it, no rule of a deployment is left in force. Only a listener tells them apart. */
  readonly route?: ClientRoute
  /** How suites ask one fleet; without it, nothing that was made for tests is left. */
  readonly test?: TestRoute
  /** Seconds for which answers may be kept, where the records themselves say. */
  readonly ttl?: number
}

/** Time without service, announced before anything is changed. */
export interface Downtime {
  /** Cloud milliseconds of it that are certain: the drain. The boot of what serves next comes on top. */
  readonly drain: number
}

/** A complete target state: absolute, never a delta, so that apply, retry, resume and revert are one operation. */
export interface Stage {
  readonly name: string
  /** What becomes of each scope that is named; one that is not stays as it is, and is only watched. */
  readonly targets: Readonly<Record<Scope, Target>>
  readonly gate: GateSpec
  /** Where the scopes named are each held to something of their own, in place of `gate`. All must pass. */
  readonly gates?: Readonly<Record<Scope, GateSpec>>
  /** Scopes that have arrived once this gate has opened: a revert from a later stage leaves them as they are. */
  readonly settles?: readonly Scope[]
}

export interface Plan {
  readonly strategy: string
  /** What this plan leads from and to, by version. */
  readonly from: string
  readonly to: string
  /** The state to which a revert converges: the service as observed. */
  readonly baseline: Stage
  /** The release is only tried: when the last gate has opened, the service goes back to the baseline. */
  readonly takesBack?: true
  /** Scopes in the order in which they get their traffic back: those named together at once. All at once where absent. */
  readonly back?: readonly (readonly Scope[])[]
  /** Empty when the service already runs the release. */
  readonly stages: readonly Stage[]
}

/** Draws the path from a service as it stands to a release. Pure: same input, same plan. */
export type Strategy = (service: ServiceSnapshot, release: Release) => Plan

/** One service in one region, with the plan drawn for it alone: what compositions are made of. */
export interface Part {
  readonly scope: Scope
  readonly service: string
  readonly region: string
  /** Services that must have been deployed before this one. */
  readonly after: readonly string[]
  /** Has stages: a part in which nothing is to be done takes no part. */
  readonly plan: Plan
}

/** Combines plans, in sequence and in parallel, into one that is like any other. Pure: same input, same plan. */
type Composition = (parts: readonly Part[]) => Plan

/** A strategy chosen in the config: plain data. */
export interface StrategySpec {
  readonly name: string
  readonly options: Readonly<Record<string, unknown>>
}

/** A composition as the registry holds it. */
export interface CompositionDefinition<Options = unknown> {
  readonly name: string
  readonly summary: string
  readonly options: z.ZodType<Options>
  /** What is combined: the plans of one service in several regions, or those of the services of a system. */
  readonly over: 'regions' | 'services'
  /** Where the service is deployed, and by which strategy in each place. Only of a composition over regions. */
  places?(options: Options): { readonly regions: readonly string[]; readonly by: StrategySpec }
  compose(options: Options): Composition
}

/** A strategy as the registry holds it. */
export interface StrategyDefinition<Options = unknown> {
  readonly name: string
  /** One line for `--help` and for messages that list what there is. */
  readonly summary: string
  /** Validates the options and fills in defaults. Durations come out in cloud milliseconds. */
  readonly options: z.ZodType<Options>
  /** The services that it can deploy to, by their entry; those behind a listener when absent. */
  readonly entries?: readonly EntrySnapshot['via'][]
  draw(options: Options): Strategy
}
