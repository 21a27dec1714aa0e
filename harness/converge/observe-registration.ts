import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import type { Cloud, RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { ListenerRef, ServiceRef } from '../gate.ts'
import type { GroupFleet, RegistrationEntry } from '../strategy.ts'
import { ATTACHED, isAttached } from './attachment.ts'
import { lookInterval } from './context.ts'
import { STALE_FOR } from './eventually.ts'
import type { Observed } from './observe.ts'
import { groupsNamed, observeGroup, taggedGroups, withUntagged } from './observe-groups.ts'
import { observeListener } from './observe-listener.ts'
import { TAG } from './tags.ts'

interface Seen {
  readonly fleet: GroupFleet
  readonly attached: boolean
}

/**
 * A service whose fleets share one target group: those whose groups are attached to it serve. One that is not is found by
 * its tags, or by those of the fleet that was made after it.
 */
export async function observeRegistered(
  cloud: Cloud,
  ref: ServiceRef,
  at: ListenerRef,
  inPlaceBy: string | undefined,
  signal: AbortSignal,
): Promise<Observed> {
  const { clock } = cloud
  const clients = cloud.region(ref.region)
  const { snapshot, tuples } = await observeListener(clients, at, signal)
  const [{ TargetGroupArn: targetGroupArn } = {}] = tuples
  if (targetGroupArn === undefined || tuples.length > 1) {
    throw new SluiceError(
      'precondition',
      `listener ${at.listener} of ${at.loadBalancer} forwards to ${tuples.length} target groups, not to one`,
      { hint: 'by registration all fleets share one; leave service.entry.by out to shift by weights' },
    )
  }
  const look = () => fleetsOf(clients, ref, targetGroupArn, inPlaceBy, signal)
  const until = clock.now() + STALE_FOR
  let found = await look()
  // Who has just been attached may not be shown yet, and who has just been detached is not shown any more.
  while (found.every(({ attached }) => !attached) && clock.now() < until) {
    await clock.sleep(lookInterval(0), signal)
    found = await look()
  }
  const serving = found.filter(({ attached }) => attached)
  if (serving.length === 0) {
    throw new SluiceError('precondition', `no Auto Scaling group serves ${ref.name} in ${ref.region}`, {
      hint: `attach the group to the target group that listener ${at.listener} of ${at.loadBalancer} forwards to`,
    })
  }
  const { stickiness: _, ...listening } = snapshot
  const entry: RegistrationEntry = { ...listening, via: 'registration', targetGroupArn }
  return {
    entry,
    fleets: found.map(({ fleet }) => fleet),
    shares: Object.fromEntries(serving.map(({ fleet }) => [fleet.name, ATTACHED])),
  }
}

async function fleetsOf(
  clients: RegionClients,
  { name }: ServiceRef,
  targetGroupArn: string,
  inPlaceBy: string | undefined,
  signal: AbortSignal,
): Promise<readonly Seen[]> {
  const tagged = await withModels(clients, await taggedGroups(clients, name, signal), signal)
  const groups = await withUntagged(clients, tagged, [targetGroupArn], signal)
  for (const group of groups) refuseOthers(group, targetGroupArn)
  return await Promise.all(
    groups.map(async (group): Promise<Seen> => {
      const [fleet, attached] = await Promise.all([
        observeGroup(clients, group, inPlaceBy, signal, targetGroupArn),
        isAttached(clients, group.AutoScalingGroupName ?? '', targetGroupArn, signal),
      ])
      return { fleet: attached ? fleet : { ...fleet, healthy: fleet.inService }, attached }
    }),
  )
}

/** Adds the groups that others were made after: the user's own carries no tag before a release has replaced what it runs. */
async function withModels(
  clients: RegionClients,
  tagged: readonly AutoScalingGroup[],
  signal: AbortSignal,
): Promise<readonly AutoScalingGroup[]> {
  const known = new Set(tagged.map(({ AutoScalingGroupName: name }) => name))
  const named = tagged.flatMap(({ Tags = [] }) => Tags.find(({ Key }) => Key === TAG.after)?.Value ?? [])
  const missing = [...new Set(named)].filter((name) => !known.has(name))
  return [...tagged, ...(await groupsNamed(clients, missing, signal))]
}

/** A copy is attached to the one target group, and whoever is led by another one would not meet the new release. */
function refuseOthers(
  { AutoScalingGroupName: name, TargetGroupARNs: arns = [] }: AutoScalingGroup,
  targetGroupArn: string,
): void {
  if (!arns.includes(targetGroupArn) || arns.length === 1) return
  throw new SluiceError(
    'precondition',
    `Auto Scaling group ${name} is attached to ${arns.length} target groups`,
    {
      hint: 'by registration users are led by one: deploy by weights, or detach the others',
    },
  )
}
