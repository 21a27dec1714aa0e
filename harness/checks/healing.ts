import { DescribeTargetGroupsCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { deadline } from '../clock.ts'
import type { Capability, Cloud } from '../cloud.ts'
import { abortable } from '../converge/observe.ts'
import { SluiceError } from '../errors.ts'
import type { GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { type Asked, entryUrl, tryAsk } from './ask.ts'
import { type CheckOptions, groupsIn, lacking } from './check.ts'
import { groupsOf, inService } from './describe.ts'
import { isError } from './error-share.ts'
import { count, type Finding, type Findings, list, looking, wrong } from './finding.ts'
import { fullCapacity } from './full-capacity.ts'

export interface HealingOptions extends CheckOptions {
  readonly path: string
  /** Cloud milliseconds in which the service must be whole again. */
  readonly within: number
}

/** A member of the fleet that befalls something. */
interface Member {
  readonly instanceId: string
  readonly zone: string
}

interface Blow {
  /** Instances that are gone from now on, and must be replaced. */
  readonly lost: readonly string[]
  /** Ends the harm; nothing where it was done at once. */
  readonly fault?: AsyncDisposable
  /** How long the harm goes on at least once the instances are gone, in cloud milliseconds. */
  readonly lasts?: number
}

/** Something that a service must heal from. */
export interface Ordeal {
  /** E.g. `it lost an instance`. */
  readonly what: string
  readonly needs: readonly Capability[]
  /**
   * `none`: no request may fail. `undetected`: those may that are sent before health checks had their time to find what
   * was lost. A load balancer sends requests to targets until then.
   */
  readonly failing: 'none' | 'undetected'
  begin(place: Place): Promise<Blow>
}

export interface Place {
  readonly cloud: Cloud
  readonly service: ServiceSnapshot
  readonly fleet: GroupFleet
  /** In service; at least one. */
  readonly members: readonly [Member, ...Member[]]
  readonly signal: AbortSignal | undefined
}

/** Cloud milliseconds between looks; wall milliseconds between requests, and for the answer to one. */
const LOOK = 2_000
const REQUEST = 10
const ANSWER = 2_000

/** Puts a service to an ordeal, and watches: what it lost is replaced, and no request fails beyond what must. */
export async function heals(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: HealingOptions,
  ordeal: Ordeal,
): Promise<Findings> {
  const { signal } = options
  const expected = `the service to heal within ${options.within / 1000} s after ${ordeal.what}`
  const lacks = lacking(cloud, service, ordeal.needs, expected)
  if (lacks.length > 0) return lacks
  return looking({ subject: service.scope, expected, signal }, async () => {
    const [fleet] = groupsIn(service, {})
    const [first, ...rest] = fleet ? await membersOf(cloud, service, fleet, signal) : []
    if (!fleet || !first) {
      const hint = 'there is nothing to take an instance from'
      return [wrong({ subject: service.scope, expected: 'an instance in service', seen: 'none', hint })]
    }
    const tolerated = ordeal.failing === 'none' ? 0 : await undetected(cloud, service, fleet, signal)
    const stop = new AbortController()
    const traffic = requests(cloud, entryUrl(service) + options.path, stop.signal, signal)
    const place: Place = { cloud, service, fleet, members: [first, ...rest], signal }
    const began = cloud.clock.now()
    const left = await untilWhole(place, ordeal, options).finally(() => stop.abort())
    return [...left, ...failed(entryUrl(service), ordeal.what, await traffic, began + tolerated)]
  })
}

async function membersOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleet: GroupFleet,
  signal: AbortSignal | undefined,
): Promise<readonly Member[]> {
  const groups = await groupsOf(cloud, service, [fleet], signal)
  return inService(groups.get(fleet.autoScalingGroupName)).flatMap(
    ({ InstanceId: instanceId, AvailabilityZone: zone }) => (instanceId && zone ? { instanceId, zone } : []),
  )
}

/** Does the harm; resolves to what is still missing at the deadline, when the harm has been ended. */
async function untilWhole(place: Place, ordeal: Ordeal, options: HealingOptions): Promise<Findings> {
  const { cloud, service } = place
  const { clock } = cloud
  const late = (): Error => new SluiceError('timeout', `${service.scope} did not heal in time`)
  using limit = deadline(clock, options.within, late, options.signal)
  const { lost, fault, lasts = 0 } = await ordeal.begin(place)
  const about = { subject: service.scope, expected: 'a service that is whole', signal: options.signal }
  await using harm = fault
  let goneAt: number | undefined
  for (let ended = harm === undefined; ; ) {
    // Where the API is throttled, a look that saw nothing is followed by another one.
    const findings = await looking(about, () => missing(place, lost))
    const told = findings.every(({ severity }) => severity !== 'unknown')
    if (told && findings.every(({ subject }) => !lost.includes(subject))) goneAt ??= clock.now()
    const lasted = goneAt !== undefined && clock.now() >= goneAt + lasts
    if (!ended && lasted && (lasts > 0 || findings.length === 0)) {
      await harm?.[Symbol.asyncDispose]()
      ended = true
    } else if ((ended && findings.length === 0) || limit.signal.aborted) {
      options.signal?.throwIfAborted()
      return findings.map((each) => (each.severity === 'waiting' ? wrong(each) : each))
    }
    await clock.sleep(LOOK, limit.signal).catch(() => undefined) // The deadline is looked at above.
  }
}

async function missing({ cloud, service, fleet, signal }: Place, lost: readonly string[]): Promise<Findings> {
  const [capacity, members] = await Promise.all([
    fullCapacity(cloud, service, { fleets: [fleet.name], signal }),
    membersOf(cloud, service, fleet, signal),
  ])
  const still = members.filter(({ instanceId }) => lost.includes(instanceId))
  const gone = still.map(
    ({ instanceId }): Finding =>
      wrong({
        subject: instanceId,
        expected: 'to be replaced',
        seen: 'it is still in service',
        hint: `look at the scaling activities of ${fleet.autoScalingGroupName}`,
      }),
  )
  return [...capacity, ...gone]
}

/** Cloud milliseconds until health checks have found that a target is gone, and the data plane knows. */
async function undetected(
  cloud: Cloud,
  service: ServiceSnapshot,
  { targetGroupArn }: GroupFleet,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { TargetGroups: [group] = [] } = await cloud
    .region(service.region)
    .elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [targetGroupArn] }), abortable(signal))
  const { HealthCheckIntervalSeconds: interval = 30, UnhealthyThresholdCount: threshold = 2 } = group ?? {}
  // What a health check waits for an answer is real time, on whatever clock the cloud runs.
  const timeouts = threshold * (group?.HealthCheckTimeoutSeconds ?? 5) * cloud.clock.scale
  return ((threshold + 1) * interval + timeouts) * 1_000
}

interface Sent {
  /** Cloud instant. */
  readonly at: number
  readonly asked: Asked
}

/** Asks again and again, whatever the answers do, until told to stop; resolves when all have ended. */
async function requests(
  cloud: Cloud,
  url: string,
  stop: AbortSignal,
  signal: AbortSignal | undefined,
): Promise<readonly Sent[]> {
  const sent: Promise<Sent>[] = []
  while (!stop.aborted) {
    const at = cloud.clock.now()
    sent.push(tryAsk(cloud, url, { signal, timeout: ANSWER }).then((asked) => ({ at, asked })))
    await cloud.clock.wall.sleep(REQUEST, stop).catch(() => undefined) // Looked at above.
  }
  return Promise.all(sent)
}

function failed(subject: string, what: string, sent: readonly Sent[], from: number): Findings {
  const held = sent.filter(({ at }) => at >= from)
  const bad = held.filter(({ asked }) => isError(asked))
  const [first] = bad
  if (!first) return []
  const { error, answer } = first.asked
  const seen = `${bad.length} of ${count(held.length, 'request')} failed: ${list(new Set([error?.message ?? `status ${answer?.status}`]))}`
  const hint =
    'look at the health of the targets meanwhile, at the deregistration delay, and at what is left in each zone'
  return [wrong({ subject, expected: `no failed request after ${what}`, seen, hint })]
}
