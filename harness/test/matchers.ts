import { type SyncMatcherResult, expect as vitestExpect } from 'vitest'
import { whyNotApplicable } from '../checks/applies.ts'
import type { CertificateOptions } from '../checks/certificate.ts'
import type { Check, CheckOptions, FleetOptions } from '../checks/check.ts'
import type { DnsSettingsOptions } from '../checks/dns-settings.ts'
import type { CapacityOptions } from '../checks/full-capacity.ts'
import type { HealingOptions } from '../checks/healing.ts'
import type { RecordOptions } from '../checks/immutable.ts'
import { checks, nameOf } from '../checks/index.ts'
import type { LaunchOptions } from '../checks/launchable.ts'
import type { AnsweredOptions } from '../checks/requests-answered.ts'
import type { RevertOptions } from '../checks/revertible.ts'
import type { ProcessOptions } from '../checks/suspended-processes.ts'
import type { SplitOptions } from '../checks/traffic-split.ts'
import type { TrafficWindow } from '../gate.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { asConfigured, REPLACEMENT, type Retry, TIMEOUT } from './configured.ts'
import { connectedCloud } from './connection.ts'
import { Inconclusive, LeftOut, NotRun } from './inconclusive.ts'
import { messageOf } from './message.ts'
import { settle } from './settle.ts'
import { suiteContext } from './suite-context.ts'

type MixedOptions = CheckOptions & Pick<SplitOptions, 'mixes' | 'route'>
type Shares = Readonly<Record<string, number>>

/** What a service can be put to. All but the loss of an instance take a cloud that can be harmed. */
const ORDEALS = {
  'the loss of an instance': checks.selfHealing,
  'the loss of a zone': checks.zoneLoss,
  'a lack of capacity': checks.lackOfCapacity,
  throttling: checks.throttling,
} as const

/** Cloud milliseconds: a drain, boots and the first health checks. */
const HEALING = 15 * 60_000
const LAST_LOOK = 60_000

interface ServiceMatchers {
  /** Any check, with its own options. */
  toPass<Options extends CheckOptions>(check: Check<Options>, options?: Options & Retry): Promise<void>
  /** Every target of the fleets that get traffic is healthy. */
  toHaveHealthyTargets(options?: FleetOptions & Retry): Promise<void>
  /** As many instances in service, and as many targets healthy, as the groups desire. */
  toBeInService(options?: CapacityOptions & Retry): Promise<void>
  /** An active load balancer over two zones or more, which cover those of the groups. */
  toSpanZones(options?: CheckOptions & Retry): Promise<void>
  /** Security groups let the load balancer reach the targets, on both sides. */
  toAllowTraffic(options?: FleetOptions & Retry): Promise<void>
  /** The listener's weights, read back, are these. */
  toRouteBy(shares: Shares, options?: CheckOptions & Retry): Promise<void>
  /** The versions that answered split as these weights say; of the probe's traffic, or of requests sent now. */
  toSplitTrafficAs(shares: Shares, traffic?: TrafficWindow, options?: MixedOptions & Retry): Promise<void>
  /** Through the load balancer only this version answers. */
  toServeOnly(version: string, options?: { readonly requests?: number } & CheckOptions & Retry): Promise<void>
  /** Every instance runs the recorded, numbered launch template version and its image. */
  toBeImmutable(options?: RecordOptions & Retry): Promise<void>
  toHaveNoSuspendedProcesses(options?: ProcessOptions & Retry): Promise<void>
  /** What runs (or what ran) can be launched again. */
  toBeRevertible(options?: RevertOptions & Retry): Promise<void>
  /** Fleets without traffic stand at 0, drained. */
  toHaveDrained(options?: FleetOptions & Retry): Promise<void>
  /** Clients that keep the listener's cookie stay with the release that answered them first. */
  toKeepClients(options?: CheckOptions & Retry): Promise<void>
  /** None of these CloudWatch alarms has gone off; those that gates are judged by when not given. */
  toHaveQuietAlarms(names?: readonly string[], options?: CheckOptions & Retry): Promise<void>
  /** What a launch template names is to be had wherever the groups launch; the fleets' own template when not given. */
  toBeLaunchable(options?: LaunchOptions & Retry): Promise<void>
  /** There is room for a second fleet: in the bounds of the group, and addresses in its subnets. */
  toHaveRoomForAnotherFleet(options?: FleetOptions & Retry): Promise<void>
  /** Nobody has changed groups or instances since they were deployed. */
  toBeAsDeployed(options?: FleetOptions & Retry): Promise<void>
  /** The DNS names that lead to the load balancer are delegated, and answers are kept no longer than this. */
  toHaveSoundDns(options?: DnsSettingsOptions & Retry): Promise<void>
  /** Certificates that users are shown name what they ask for, and do not expire soon. */
  toShowValidCertificates(options?: CertificateOptions & Retry): Promise<void>
  /** What it loses is replaced, and no request fails beyond what must; harms it on purpose. */
  toHealFrom(ordeal: keyof typeof ORDEALS, options?: Partial<HealingOptions> & Retry): Promise<void>
  /** By the load balancer's own count, a candidate's requests fail no more often than those of the stable fleet. */
  toAnswerRequests(options?: AnsweredOptions & Retry): Promise<void>
  /** The DNS names that lead to the load balancer resolve, and only this version answers there. */
  toResolveTo(version: string, options?: CheckOptions & Retry): Promise<void>
}

declare module 'vitest' {
  // The type parameters are those of Vitest's own declaration.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown>
    extends ServiceMatchers {}
}

interface State {
  readonly isNot: boolean
}

async function meet<Options extends CheckOptions>(
  state: State,
  received: unknown,
  what: string,
  check: Check<Options>,
  given: Options & Retry,
): Promise<SyncMatcherResult> {
  const service = asService(received)
  const cloud = connectedCloud()
  const { timeout = TIMEOUT, ...options } = asConfigured(check, given, suiteContext().checks)
  const name = nameOf(check)
  const why = name && whyNotApplicable(name, service)
  if (why !== undefined) throw new LeftOut(why)
  // A negated matcher looks once: it would else wait for the very thing it denies.
  const settled = await settle(
    (signal) => check(cloud, service, { ...(options as unknown as Options), signal }),
    {
      clock: cloud.clock,
      timeout: state.isNot ? 0 : timeout,
      signal: given.signal,
    },
  )
  const { findings } = settled
  const subject = `${service.scope}${state.isNot ? ' not' : ''} ${what}`
  const [first] = findings
  if (first?.lacks !== undefined && findings.every(({ lacks }) => lacks !== undefined))
    throw new NotRun(first.lacks)
  if (findings.length > 0 && findings.every((each) => each.severity === 'unknown')) {
    throw new Inconclusive(messageOf(subject, settled))
  }
  return { pass: findings.length === 0, message: () => messageOf(subject, settled) }
}

function asService(received: unknown): ServiceSnapshot {
  if (typeof received === 'object' && received !== null && 'scope' in received && 'fleets' in received) {
    return received as ServiceSnapshot
  }
  throw new TypeError('this matcher takes a service: expect(service), with the `service` fixture')
}

/** What most data-plane checks are told: the main page, and what errors are held to. */
const page = (): { path: string; limit: { ceiling: number; alpha: number } } => {
  const { service, thresholds } = suiteContext()
  return { path: service.url, limit: thresholds.errorRate }
}

vitestExpect.extend({
  toPass(received: unknown, check: Check<CheckOptions>, options: CheckOptions & Retry = {}) {
    return meet(this, received, `to pass the check ${check.name}`, check, options)
  },
  toHaveHealthyTargets(received: unknown, options: FleetOptions & Retry = {}) {
    return meet(this, received, 'to have healthy targets', checks.targetHealth, {
      timeout: REPLACEMENT,
      ...options,
    })
  },
  toBeInService(received: unknown, options: CapacityOptions & Retry = {}) {
    return meet(this, received, 'to be in service at its desired capacity', checks.fullCapacity, {
      timeout: REPLACEMENT,
      ...options,
    })
  },
  toSpanZones(received: unknown, options: CheckOptions & Retry = {}) {
    return meet(this, received, 'to span zones', checks.zones, options)
  },
  toAllowTraffic(received: unknown, options: FleetOptions & Retry = {}) {
    return meet(this, received, 'to allow traffic to its targets', checks.securityGroups, options)
  },
  toRouteBy(received: unknown, shares: Shares, options: CheckOptions & Retry = {}) {
    return meet(this, received, 'to route by its weights', checks.listenerWeights, { ...options, shares })
  },
  toSplitTrafficAs(
    received: unknown,
    shares: Shares,
    traffic?: TrafficWindow,
    options: MixedOptions & Retry = {},
  ) {
    // What was seen does not change by looking again; the next look of the gate sees more.
    const timeout = options.timeout ?? 0
    const split = { ...page(), ...options, timeout, shares, traffic }
    return meet(this, received, 'to split its traffic', checks.trafficSplit, split)
  },
  toServeOnly(
    received: unknown,
    version: string,
    options: CheckOptions & Retry & { requests?: number } = {},
  ) {
    return meet(this, received, `to serve only ${version}`, checks.servedVersion, {
      ...page(),
      ...options,
      version,
    })
  },
  toBeImmutable(received: unknown, options: RecordOptions & Retry = {}) {
    return meet(this, received, 'to run what its groups record', checks.immutable, options)
  },
  toHaveNoSuspendedProcesses(received: unknown, options: ProcessOptions & Retry = {}) {
    return meet(this, received, 'to have no suspended process', checks.suspendedProcesses, options)
  },
  toBeRevertible(received: unknown, options: RevertOptions & Retry = {}) {
    return meet(this, received, 'to have a way back', checks.revertible, options)
  },
  toHaveDrained(received: unknown, options: FleetOptions & Retry = {}) {
    return meet(this, received, 'to have drained what gets no traffic', checks.drained, options)
  },
  toKeepClients(received: unknown, options: CheckOptions & Retry = {}) {
    const stay = { timeout: 0, ...page(), ...options }
    return meet(this, received, 'to keep its clients', checks.clientsStay, stay)
  },
  toHaveQuietAlarms(received: unknown, given?: readonly string[], options: CheckOptions & Retry = {}) {
    const names = given ?? suiteContext().thresholds.alarms ?? []
    return meet(this, received, 'to have quiet alarms', checks.alarmsQuiet, { ...options, names })
  },
  toBeLaunchable(received: unknown, options: LaunchOptions & Retry = {}) {
    return meet(this, received, 'to be launchable in every zone', checks.launchable, options)
  },
  toHaveRoomForAnotherFleet(received: unknown, options: FleetOptions & Retry = {}) {
    return meet(this, received, 'to have room for another fleet', checks.headroom, options)
  },
  toBeAsDeployed(received: unknown, options: FleetOptions & Retry = {}) {
    return meet(this, received, 'to be as it was deployed', checks.drift, options)
  },
  toHaveSoundDns(received: unknown, options: DnsSettingsOptions & Retry = {}) {
    return meet(this, received, 'to have sound DNS names', checks.dnsSettings, options)
  },
  toShowValidCertificates(received: unknown, options: CertificateOptions & Retry = {}) {
    return meet(this, received, 'to show valid certificates', checks.certificate, options)
  },
  toHealFrom(received: unknown, ordeal: keyof typeof ORDEALS, options: Partial<HealingOptions> & Retry = {}) {
    const { within = HEALING } = options
    // One look takes as long as it may heal.
    const healing = { path: page().path, timeout: within + LAST_LOOK, ...options, within }
    return meet(this, received, `to heal from ${ordeal}`, ORDEALS[ordeal], healing)
  },
  toAnswerRequests(received: unknown, options: AnsweredOptions & Retry = {}) {
    const answered = { ...page(), since: suiteContext().since, ...options }
    return meet(this, received, 'to answer the requests that it is given', checks.requestsAnswered, answered)
  },
  toResolveTo(received: unknown, version: string, options: CheckOptions & Retry = {}) {
    return meet(this, received, `to resolve to ${version}`, checks.dnsRecord, {
      ...page(),
      ...options,
      version,
    })
  },
})

export const expect = vitestExpect
