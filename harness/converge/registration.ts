import {
  AttachLoadBalancerTargetGroupsCommand,
  AutoScalingServiceException,
  DetachLoadBalancerTargetGroupsCommand,
} from '@aws-sdk/client-auto-scaling'
import { SluiceError } from '../errors.ts'
import type { FleetName } from '../strategy.ts'
import type { Action, Shares } from './action.ts'
import { isAttached } from './attachment.ts'
import { type ActionContext, lookInterval } from './context.ts'
import { awaitHealthy, fleetNamed, look } from './health.ts'

type SetAttached = Extract<Action, { readonly kind: 'set-attached' }>

/**
 * Makes exactly these fleets' groups attached to the service's target group. What is attached comes first, and is waited for
 * until as many of its targets are healthy as must be; only then is anything detached. Each call is made until it reads back.
 */
export async function setAttached(
  context: ActionContext,
  { shares, healthy, reason }: SetAttached,
): Promise<void> {
  const { observed } = context
  const before = reason === 'shift' ? { ...observed.shares, ...shares } : observed.shares
  for (const fleet of Object.keys(shares)) await until(context, fleet, true, before)
  // They are looked at as what they have become.
  const attached = { ...context, observed: { ...observed, shares: { ...observed.shares, ...shares } } }
  for (const [fleet, count] of Object.entries(healthy)) await awaitHealthy(attached, fleet, count)
  const others = observed.fleets.filter(({ name }) => shares[name] === undefined)
  for (const { name } of others) await until(context, name, false, before)
}

/** Calls until a look shows it: one that shows what was before makes it call again, which changes nothing more. */
async function until(
  context: ActionContext,
  fleet: FleetName,
  wanted: boolean,
  before: Shares,
): Promise<void> {
  const { clock, signal } = context
  const { autoScalingGroupName: group, targetGroupArn } = fleetNamed(context, fleet)
  const shown = () => isAttached(context.clients, group, targetGroupArn, signal)
  // A look may be older than the call by which this deployment itself changed that.
  const surely = (before[fleet] !== undefined) === wanted
  if (surely && (await shown()) === wanted) return
  const began = clock.now()
  for (;;) {
    const input = { AutoScalingGroupName: group, TargetGroupARNs: [targetGroupArn] }
    const options = { abortSignal: signal }
    if (wanted)
      await context.clients.autoScaling.send(new AttachLoadBalancerTargetGroupsCommand(input), options)
    else await detach(context, input)
    if ((await shown()) === wanted) return
    await clock.sleep(lookInterval(clock.now() - began), signal)
  }
}

/** What is not attached cannot be detached (Auto Scaling API: a ValidationError), and is as it shall be. */
async function detach(
  { clients, signal }: ActionContext,
  input: { readonly AutoScalingGroupName: string; readonly TargetGroupARNs: string[] },
): Promise<void> {
  try {
    await clients.autoScaling.send(new DetachLoadBalancerTargetGroupsCommand(input), { abortSignal: signal })
  } catch (thrown) {
    const isNot = thrown instanceof AutoScalingServiceException && thrown.name === 'ValidationError'
    if (!isNot || !/not part of the group/.test(thrown.message)) throw thrown
  }
}

/** Waits until no instance of a detached fleet is left in the target group: those that drained have let go of every request. */
export async function awaitDeregistered(context: ActionContext, name: FleetName): Promise<void> {
  const { clock, signal } = context
  const fleet = fleetNamed(context, name)
  if (await isAttached(context.clients, fleet.autoScalingGroupName, fleet.targetGroupArn, signal))
    throw new SluiceError('cloud', `${name} is attached to its target group again`, {
      hint: 'something else has attached it; find it before you deploy again',
    })
  const began = clock.now()
  const drain = fleet.deregistrationDelay * 1_000
  while ((await look(context, fleet)).targets.length > 0)
    await clock.sleep(lookInterval(clock.now() - began, drain), signal)
  context.waited('drain', `${name} deregistered`, clock.now() - began)
}
