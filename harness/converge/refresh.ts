import {
  ActiveInstanceRefreshNotFoundFault,
  CancelInstanceRefreshCommand,
  type InstanceRefresh,
  InstanceRefreshInProgressFault,
  IrreversibleInstanceRefreshFault,
  type RefreshPreferences,
  RollbackInstanceRefreshCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling'
import { formatDuration } from '../duration.ts'
import { SluiceError } from '../errors.ts'
import type { FleetName, GroupFleet, Mix } from '../strategy.ts'
import { ACTION_DEADLINE, type ActionContext, lookInterval } from './context.ts'
import { fleetNamed, type Look, look, tellTargets } from './health.ts'
import { activeRefresh, isUnderWay, refreshNamed } from './refresh-state.ts'
import { launchTemplateVersion, versionsMadeFor } from './template.ts'

/** Seconds: as long as a refresh can stand at a checkpoint (RefreshPreferences, CheckpointDelay). */
const LONGEST_HOLD = 172_800

interface Goal {
  readonly name: FleetName
  readonly fleet: GroupFleet
  readonly mix: Mix
  readonly capacity: number
  /** The launch template version that the instances shall run, and how many of them. */
  readonly version: string
  readonly count: number
}

/**
 * Replaces instances of a fleet until the given percent of them run the release: one instance refresh to a numbered
 * launch template version, which the group itself takes over only with the last one. Short of all, the refresh is
 * given one checkpoint, and is cancelled when it stands there: a checkpoint goes on by itself once its delay is over,
 * whatever a gate says. At 0 percent the way back: everything to the version that was replaced. Adopts a refresh that an
 * earlier attempt began.
 */
export async function refresh(
  context: ActionContext,
  name: FleetName,
  mix: Mix,
  capacity: number,
): Promise<void> {
  const fleet = fleetNamed(context, name)
  const version = mix.percent === 0 ? mix.replaces : await versionFor(context, fleet, name)
  const percent = mix.percent === 0 ? 100 : mix.percent
  const goal = { name, fleet, mix, capacity, version, count: Math.ceil((capacity * percent) / 100) }
  const running = await activeRefresh(context.clients, name, context.signal)
  if (running && !leadsTo(running, goal)) await cancel(context, name)
  const id = running && leadsTo(running, goal) ? running.InstanceRefreshId : await start(context, goal)
  if (id !== undefined) await settled(context, goal, id)
  if (goal.count < capacity) await cancel(context, name)
}

/** Turns a refresh that is under way round, and waits until what it replaced is replaced again. */
export async function rollBack(context: ActionContext, name: FleetName): Promise<void> {
  const group = { AutoScalingGroupName: name }
  const options = { abortSignal: context.signal }
  const running = await activeRefresh(context.clients, name, context.signal)
  if (!running?.InstanceRefreshId) return
  try {
    if (running.Status !== 'RollbackInProgress' && running.Status !== 'Cancelling')
      await context.clients.autoScaling.send(new RollbackInstanceRefreshCommand(group), options)
  } catch (thrown) {
    if (thrown instanceof ActiveInstanceRefreshNotFoundFault) return
    // What cannot be turned round is stopped; the next look finds what is left to be replaced again.
    if (!(thrown instanceof IrreversibleInstanceRefreshFault)) throw thrown
    return cancel(context, name)
  }
  const started = context.clock.now()
  await untilEnded(context, name, running.InstanceRefreshId)
  context.waited('refresh', `${name} rolled back`, context.clock.now() - started)
}

async function versionFor(context: ActionContext, fleet: GroupFleet, name: FleetName): Promise<string> {
  const { clients, deployment: by, signal } = context
  const [made] = await versionsMadeFor(clients, fleet.launchTemplate.id, { fleet: name, by }, signal)
  return String(made ?? (await launchTemplateVersion(context, fleet.launchTemplate, name)))
}

const leadsTo = (running: InstanceRefresh, { fleet, version }: Goal): boolean => {
  const wanted = running.DesiredConfiguration?.LaunchTemplate
  const forward = running.Status === 'Pending' || running.Status === 'InProgress'
  return forward && wanted?.LaunchTemplateId === fleet.launchTemplate.id && wanted.Version === version
}

/** Starts the refresh; undefined when nothing is left to be replaced. */
async function start(context: ActionContext, goal: Goal): Promise<string | undefined> {
  const { name, fleet, capacity, version, count } = goal
  const { running, recorded } = await look(context, fleet)
  if (recorded === undefined) {
    throw new SluiceError('precondition', `Auto Scaling group ${name} has no launch template of its own`, {
      hint: 'a group with a mixed instances policy cannot be deployed to in place: choose another strategy',
    })
  }
  const done = running.filter((each) => each.version === version).length
  const whole = count === capacity
  if (whole ? done === running.length && recorded === version : done >= count) return undefined
  try {
    const { InstanceRefreshId: id } = await context.clients.autoScaling.send(
      new StartInstanceRefreshCommand({
        AutoScalingGroupName: name,
        Strategy: 'Rolling',
        DesiredConfiguration: {
          LaunchTemplate: { LaunchTemplateId: fleet.launchTemplate.id, Version: version },
        },
        Preferences: preferencesOf(goal, count - done),
      }),
      { abortSignal: context.signal },
    )
    return id
  } catch (thrown) {
    // A retry whose first call did arrive.
    const other = thrown instanceof InstanceRefreshInProgressFault
    const running = other ? await activeRefresh(context.clients, name, context.signal) : undefined
    if (!running || !leadsTo(running, goal)) throw thrown
    return running.InstanceRefreshId
  }
}

/**
 * Checkpoints count what a refresh has replaced, in percent of the group. Without skip matching it begins anew, and
 * replaces instances of the old version first (EC2 Auto Scaling user guide, Add checkpoints to an instance refresh).
 */
function preferencesOf({ mix, capacity, count }: Goal, missing: number): RefreshPreferences {
  const bounds = { MinHealthyPercentage: mix.minHealthy, MaxHealthyPercentage: mix.maxHealthy }
  if (count === capacity) return { ...bounds, SkipMatching: true }
  const checkpoint = Math.max(1, Math.floor((100 * missing) / capacity))
  return { ...bounds, CheckpointPercentages: [checkpoint, 100], CheckpointDelay: LONGEST_HOLD }
}

/** Waits until as many as asked run the version, all of them serve, and those they replaced are gone. */
async function settled(context: ActionContext, goal: Goal, id: string): Promise<void> {
  const { name, fleet, capacity, count, version } = goal
  const { clock, signal } = context
  const started = clock.now()
  const patience = ACTION_DEADLINE['await-healthy'] + fleet.deregistrationDelay * 1_000
  let best = { ready: -1, at: started }
  try {
    for (;;) {
      const [seen, state] = await Promise.all([
        look(context, fleet),
        refreshNamed(context.clients, name, id, signal),
      ])
      const fresh = seen.running.filter((each) => each.version === version)
      const ready = fresh.filter((each) => seen.healthyIds.has(each.id)).length
      refuse(goal, state, seen, fresh.length)
      if (ready > best.ready) best = { ready, at: clock.now() }
      // One that has succeeded replaces nothing more, whatever was launched meanwhile: the next look finds what is left.
      const done = count < capacity ? ready >= count : state?.Status === 'Successful'
      if (done && isWhole(seen, capacity)) return
      if (clock.now() - best.at > patience) throw stuck(goal, state, seen, clock.now() - best.at)
      // What was replaced last is what the next look is about.
      await clock.sleep(lookInterval(clock.now() - best.at), signal)
    }
  } finally {
    context.waited('refresh', `${name} refreshed`, clock.now() - started)
  }
}

const isWhole = (seen: Look, capacity: number): boolean =>
  seen.instances === capacity && seen.inService === capacity && seen.healthyIds.size === capacity

/** Throws what ended the refresh before it was where it should stop, or that it did not stop there. */
function refuse(goal: Goal, state: InstanceRefresh | undefined, seen: Look, fresh: number): void {
  const { name, mix, capacity, count } = goal
  if (state?.Status === 'Failed') throw stuck(goal, state, seen)
  // A percentage of a large group may be an instance more than asked.
  if (count < capacity && fresh > count + Math.ceil(capacity / 100)) {
    throw new SluiceError('cloud', `${fresh} instances of ${name} run ${mix.release}, ${count} were to`, {
      hint: 'the instance refresh did not stop at its checkpoint: look at DescribeInstanceRefreshes',
    })
  }
  if (isUnderWay(state) || state?.Status === 'Successful') return
  throw new SluiceError('cloud', `the instance refresh of ${name} is ${state?.Status ?? 'gone'}`, {
    hint: 'something else has ended it; find it before you deploy again',
  })
}

function stuck(goal: Goal, state: InstanceRefresh | undefined, seen: Look, took?: number): SluiceError {
  const { name, mix, version, count } = goal
  const ready = seen.running.filter((each) => each.version === version && seen.healthyIds.has(each.id)).length
  const release = mix.percent === 0 ? `launch template version ${version}` : mix.release
  const how = took === undefined ? '' : ` within ${formatDuration(took)}`
  const reason = state?.StatusReason ? `; ${state.StatusReason}` : ''
  return new SluiceError(
    'unhealthy',
    `${release} did not become healthy${how}: ${ready} of ${count} instances of ${name} replaced${reason}${tellTargets(seen)}`,
    { hint: 'look at what the health check path of the new release answers' },
  )
}

/** Stops a refresh where it is. What it has replaced stays. */
async function cancel(context: ActionContext, name: FleetName): Promise<void> {
  const running = await activeRefresh(context.clients, name, context.signal)
  if (!running?.InstanceRefreshId) return
  try {
    if (running.Status !== 'Cancelling') {
      const group = { AutoScalingGroupName: name, WaitForTransitioningInstances: false }
      await context.clients.autoScaling.send(new CancelInstanceRefreshCommand(group), {
        abortSignal: context.signal,
      })
    }
  } catch (thrown) {
    if (thrown instanceof ActiveInstanceRefreshNotFoundFault) return
    throw thrown
  }
  await untilEnded(context, name, running.InstanceRefreshId)
}

async function untilEnded(context: ActionContext, name: FleetName, id: string): Promise<void> {
  const started = context.clock.now()
  while (isUnderWay(await refreshNamed(context.clients, name, id, context.signal)))
    await context.clock.sleep(lookInterval(context.clock.now() - started), context.signal)
}
