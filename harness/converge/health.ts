import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling'
import {
  DescribeTargetHealthCommand,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { formatDuration } from '../duration.ts'
import { SluiceError } from '../errors.ts'
import type { FleetName, GroupFleet } from '../strategy.ts'
import { isDetached } from './attachment.ts'
import { isActive } from './balancer.ts'
import { type ActionContext, lookInterval } from './context.ts'
import { ableIn } from './detached.ts'
import { standing } from './standing.ts'

export interface Look {
  readonly inService: number
  /** Ids of those that are in service. */
  readonly serving: readonly string[]
  readonly instances: number
  /** Whether there is a group at all. */
  readonly there: boolean
  /** Those that are not on their way out, each with its launch template version; and the one that the group records. */
  readonly running: readonly { readonly id: string; readonly version: string }[]
  readonly recorded: string | undefined
  /** Ids of all its instances. */
  readonly members: ReadonlySet<string>
  readonly targets: readonly TargetHealthDescription[]
  readonly healthyIds: ReadonlySet<string>
}

/**
 * Waits until `count` instances are InService in the group and as many targets healthy in its target group: two
 * facts, both needed. Throws `unhealthy` when that takes too long, saying what each target answered.
 */
export async function awaitHealthy(context: ActionContext, name: FleetName, count: number): Promise<void> {
  const fleet = fleetNamed(context, name)
  const started = context.clock.now()
  let booted: number | undefined
  let seen: Look | undefined
  try {
    for (;;) {
      // While all are in service, only what the targets are is asked again, and both when they are healthy.
      if (booted === undefined || !seen || seen.inService < count) seen = await look(context, fleet)
      else seen = { ...seen, ...(await ownIn(context, await registered(context, fleet), seen.members)) }
      if (!seen.there) {
        throw new SluiceError('cloud', `Auto Scaling group ${name} is gone`, {
          hint: 'something else has deleted it; find it before you deploy again',
        })
      }
      if (seen.inService >= count && booted === undefined) {
        booted = context.clock.now()
        context.waited('boot', `${name} in service`, booted - started)
      }
      if (await isWhole(context, fleet, seen, count)) {
        seen = await look(context, fleet)
        if ((await isWhole(context, fleet, seen, count)) && (await isActive(context, fleet))) break
      }
      await context.clock.sleep(lookInterval(context.clock.now() - (booted ?? started)), context.signal)
    }
  } catch (thrown) {
    // The SDK has an abort error of its own; what counts is why the signal was aborted.
    if (!context.signal.aborted || !seen) throw thrown
    throw explain(context, context.signal.reason, name, count, seen, context.clock.now() - started)
  } finally {
    const now = context.clock.now()
    if (booted === undefined) context.waited('boot', `${name} in service`, now - started)
    else context.waited('health', `${name} healthy`, now - booted)
  }
}

async function isWhole(
  context: ActionContext,
  fleet: GroupFleet,
  seen: Look,
  count: number,
): Promise<boolean> {
  if (seen.inService < count) return false
  if (!isDetached(context.observed, fleet.name)) return healthyIn(seen) >= count
  return (await ableIn(context, fleet, seen.serving)).length >= count
}

const healthyIn = ({ targets }: Look): number =>
  targets.filter((target) => target.TargetHealth?.State === 'healthy').length

/** A deadline becomes the story of the release; an interruption stays what it is. */
function explain(
  context: ActionContext,
  reason: unknown,
  name: FleetName,
  count: number,
  seen: Look,
  took: number,
): unknown {
  if (!(reason instanceof SluiceError) || reason.code !== 'timeout') return reason
  const targets = isDetached(context.observed, name)
    ? `not all of ${name} answer the health check themselves`
    : `${healthyIn(seen)} of ${count} targets of ${name} healthy`
  const version = context.observed.fleets.find((fleet) => fleet.name === name)?.release ?? name
  return new SluiceError(
    'unhealthy',
    `${version} did not become healthy within ${formatDuration(took)}: ${targets}, ${seen.inService} of ${count} instances in service${tellTargets(seen)}`,
    { cause: reason, hint: 'look at what the health check path of the new release answers' },
  )
}

/** The first targets that are not healthy, and why, to be added to a sentence. */
export function tellTargets({ targets }: Look): string {
  const others = targets
    .filter((target) => target.TargetHealth?.State !== 'healthy')
    .slice(0, 3)
    .map(({ Target: target, TargetHealth: health }) =>
      [
        `${target?.Id} is ${health?.State}`,
        health?.Reason && `(${health.Reason}: ${health.Description ?? ''})`,
      ]
        .filter(Boolean)
        .join(' '),
    )
  return others.length > 0 ? `; ${others.join(', ')}` : ''
}

/**
 * Waits until no more than so many instances and targets are left: the drain of the others has passed and nothing more
 * can be in flight on them.
 */
export async function awaitDrained(context: ActionContext, name: FleetName, left: number): Promise<void> {
  const fleet = fleetNamed(context, name)
  const started = context.clock.now()
  let drained: number | undefined
  const delay = fleet.deregistrationDelay * 1_000
  for (;;) {
    const waited = context.clock.now() - started
    if (drained === undefined) {
      if (await hasDrained(context, fleet, left)) {
        drained = context.clock.now()
        context.waited('drain', `${name} drained`, drained - started)
      }
    }
    if (drained !== undefined) {
      const seen = await look(context, fleet)
      if (seen.targets.length <= left && seen.instances <= left) break
    }
    const next =
      drained === undefined ? lookInterval(waited, delay) : lookInterval(context.clock.now() - drained)
    await context.clock.sleep(next, context.signal)
  }
  context.waited('termination', `${name} terminated`, context.clock.now() - (drained ?? started))
}

/** While a target drains there is more to come, and what ended without that is only told by looking at its instance. */
async function hasDrained(context: ActionContext, fleet: GroupFleet, left: number): Promise<boolean> {
  // Whose targets they are in a target group that fleets share is said by the groups.
  const shared = context.observed.entry.via === 'registration'
  if (!shared) {
    const targets = await registered(context, fleet)
    const drains = targets.some(({ TargetHealth: health }) => health?.State === 'draining')
    if (targets.length <= left || drains) return targets.length <= left
  }
  return (await look(context, fleet)).targets.length <= left
}

export async function look(context: ActionContext, fleet: GroupFleet): Promise<Look> {
  const [groups, all] = await Promise.all([
    context.clients.autoScaling.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [fleet.autoScalingGroupName] }),
      { abortSignal: context.signal },
    ),
    registered(context, fleet),
  ])
  const [group] = groups.AutoScalingGroups ?? []
  const instances = group?.Instances ?? []
  const serving = instances.filter((instance) => instance.LifecycleState === 'InService')
  const members = new Set(instances.flatMap(({ InstanceId: id }) => id ?? []))
  return {
    ...(await ownIn(context, all, members)),
    members,
    there: group !== undefined,
    instances: instances.length,
    inService: serving.length,
    serving: serving.flatMap(({ InstanceId: id }) => id ?? []),
    running: instances
      .filter(({ LifecycleState: state = '' }) => !/^(Terminat|Detach)/.test(state))
      .map(({ InstanceId: id = '', LaunchTemplate: own }) => ({ id, version: own?.Version ?? '' })),
    recorded: group?.LaunchTemplate?.Version,
  }
}

type Targets = Pick<Look, 'targets' | 'healthyIds'>

/** Those of a group: in a target group that fleets share, of its instances; in its own, all but what has ended. */
async function ownIn(
  { observed, clients, signal }: ActionContext,
  all: readonly TargetHealthDescription[],
  members: Look['members'],
): Promise<Targets> {
  const targets =
    observed.entry.via === 'registration'
      ? all.filter(({ Target: target }) => members.has(target?.Id ?? ''))
      : await standing(clients, all, members, signal)
  const healthy = targets.filter(({ TargetHealth: health }) => health?.State === 'healthy')
  return { targets, healthyIds: new Set(healthy.flatMap(({ Target: target }) => target?.Id ?? [])) }
}

async function registered(
  { clients, signal }: ActionContext,
  { targetGroupArn }: GroupFleet,
): Promise<readonly TargetHealthDescription[]> {
  const { TargetHealthDescriptions: targets = [] } = await clients.elbv2.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }),
    { abortSignal: signal },
  )
  return targets
}

/** A fleet that is an Auto Scaling group. */
export function fleetNamed(context: ActionContext, name: FleetName): GroupFleet {
  const fleet = context.observed.fleets.find((each) => each.name === name)
  if (fleet?.kind === 'group') return fleet
  throw new SluiceError('internal', `fleet ${name} was not observed as an Auto Scaling group`)
}
