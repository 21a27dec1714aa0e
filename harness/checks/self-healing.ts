import { TerminateInstanceInAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import { deadline } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/observe.ts'
import { SluiceError } from '../errors.ts'
import type { FleetSnapshot, ServiceSnapshot } from '../strategy.ts'
import { type Asked, entryUrl, tryAsk } from './ask.ts'
import { type CheckOptions, lacking, servingFleets } from './check.ts'
import { groupsOf, inService } from './describe.ts'
import { isError } from './error-share.ts'
import { count, type Finding, type Findings, looking, wrong } from './finding.ts'
import { fullCapacity } from './full-capacity.ts'

export interface HealingOptions extends CheckOptions {
  readonly path: string
  /** Cloud milliseconds in which the service must be whole again. */
  readonly within: number
}

/** Cloud milliseconds between looks; wall milliseconds between requests. */
const LOOK = 2_000
const REQUEST = 10

/**
 * Takes one instance from the service, and watches: the group replaces it, and no request fails meanwhile. Auto
 * Scaling deregisters what it terminates first, so requests under way end (TerminateInstanceInAutoScalingGroup).
 */
export async function selfHealing(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: HealingOptions,
): Promise<Findings> {
  const { signal } = options
  const expected = `the service to heal within ${options.within / 1000} s after it lost an instance`
  const lacks = lacking(cloud, service, ['data-plane'], expected)
  if (lacks.length > 0) return lacks
  return looking({ subject: service.scope, expected, signal }, async () => {
    const [fleet] = servingFleets(service)
    const victim = fleet && inService((await groupsOf(cloud, service, [fleet], signal)).get(fleet.name))[0]
    if (!fleet || !victim?.InstanceId) {
      const hint = 'there is nothing to take an instance from'
      return [wrong({ subject: service.scope, expected: 'an instance in service', seen: 'none', hint })]
    }
    const stop = new AbortController()
    const traffic = requests(cloud, entryUrl(service) + options.path, stop.signal, signal)
    const lost = victim.InstanceId
    const left = await untilWhole(cloud, service, { fleet, lost, options }).finally(() => stop.abort())
    return [...left, ...failed(entryUrl(service), lost, await traffic)]
  })
}

interface Loss {
  readonly fleet: FleetSnapshot
  readonly lost: string
  readonly options: HealingOptions
}

/** Terminates the instance; resolves to what is still missing at the deadline. */
async function untilWhole(cloud: Cloud, service: ServiceSnapshot, loss: Loss): Promise<Findings> {
  const { lost, options } = loss
  const late = (): Error => new SluiceError('timeout', `${service.scope} did not heal in time`)
  using limit = deadline(cloud.clock, options.within, late, options.signal)
  const replace = { InstanceId: lost, ShouldDecrementDesiredCapacity: false }
  await cloud
    .region(service.region)
    .autoScaling.send(new TerminateInstanceInAutoScalingGroupCommand(replace), abortable(options.signal))
  for (;;) {
    const findings = await missing(cloud, service, loss)
    if (findings.length === 0 || limit.signal.aborted) {
      options.signal?.throwIfAborted()
      return findings.map((each) => (each.severity === 'waiting' ? wrong(each) : each))
    }
    await cloud.clock.sleep(LOOK, limit.signal).catch(() => undefined) // The deadline is looked at above.
  }
}

async function missing(
  cloud: Cloud,
  service: ServiceSnapshot,
  { fleet, lost, options }: Loss,
): Promise<Findings> {
  const [capacity, groups] = await Promise.all([
    fullCapacity(cloud, service, { fleets: [fleet.name], signal: options.signal }),
    groupsOf(cloud, service, [fleet], options.signal),
  ])
  const still = inService(groups.get(fleet.autoScalingGroupName)).some((each) => each.InstanceId === lost)
  const gone: Finding = wrong({
    subject: lost,
    expected: 'to be replaced',
    seen: 'it is still in service',
    hint: `look at the scaling activities of ${fleet.autoScalingGroupName}`,
  })
  return still ? [...capacity, gone] : capacity
}

/** Asks again and again until told to stop; each request is complete before that shows. */
async function requests(
  cloud: Cloud,
  url: string,
  stop: AbortSignal,
  signal: AbortSignal | undefined,
): Promise<readonly Asked[]> {
  const asked: Asked[] = []
  while (!stop.aborted) {
    asked.push(await tryAsk(cloud, url, { signal }))
    await cloud.clock.wall.sleep(REQUEST, stop).catch(() => undefined) // Looked at above.
  }
  return asked
}

function failed(subject: string, lost: string, asked: readonly Asked[]): Findings {
  const bad = asked.filter(isError)
  if (bad.length === 0) return []
  const seen = `${bad.length} of ${count(asked.length, 'request')} failed: ${bad[0]?.error?.message ?? `status ${bad[0]?.answer?.status}`}`
  const hint = 'an instance must leave the target group before it stops: look at the deregistration delay'
  return [wrong({ subject, expected: `no failed request while ${lost} was replaced`, seen, hint })]
}
