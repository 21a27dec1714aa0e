import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import { SluiceError } from '../errors.ts'
import type { ServiceRef } from '../gate.ts'
import type { FleetRole, FleetSnapshot, GroupFleet, Marks } from '../strategy.ts'
import { TAG } from './tags.ts'

/** What says which of a pair serves: weights in the listener, none where it is not in it. */
type Weights = ReadonlyMap<string | undefined, number>

/**
 * Tells the two fleets of a pair apart and gives each its role: `stable` serves, the other one is `parked`, or
 * `candidate` while a deployment proves it. Throws `precondition` where there are not two, or it cannot be told.
 */
export function pairOf(
  ref: ServiceRef,
  groups: readonly AutoScalingGroup[],
  fleets: readonly GroupFleet[],
  weights: Weights,
): GroupFleet[] {
  const [one, other] = fleets
  if (!one || !other || fleets.length > 2) throw notTwo(ref, fleets)
  if (one.targetGroupArn === other.targetGroupArn) {
    throw refuse(ref, `${one.name} and ${other.name} share a target group`, {
      hint: 'give each a target group of its own: weights are what tells them apart',
    })
  }
  for (const group of groups) changeable(ref, group)
  for (const fleet of fleets) findable(ref, groups, fleet, weights)
  const marked = fleets.map((fleet) => ({ ...fleet, marks: marksOf(groups, fleet) }))
  return inRoles(ref, marked, ({ targetGroupArn }) => weights.get(targetGroupArn) ?? 0)
}

/** Both with the roles that marks and weights give them. */
export function inRoles<Fleet extends FleetSnapshot>(
  ref: Pick<ServiceRef, 'name' | 'region'>,
  fleets: readonly Fleet[],
  weightOf: (fleet: Fleet) => number,
): Fleet[] {
  const next = nextOf(ref, fleets, weightOf)
  return fleets.map((fleet) => ({ ...fleet, role: fleet === next ? roleOf(fleet) : 'stable' }))
}

const roleOf = ({ marks }: FleetSnapshot): FleetRole => (marks?.role === 'candidate' ? 'candidate' : 'parked')

const refuse = (
  ref: Pick<ServiceRef, 'name' | 'region'>,
  why: string,
  more: { readonly hint: string },
): SluiceError =>
  new SluiceError(
    'precondition',
    `${ref.name} in ${ref.region} is no pair that can be deployed to: ${why}`,
    more,
  )

const notTwo = (ref: ServiceRef, fleets: readonly GroupFleet[]): SluiceError =>
  refuse(
    ref,
    `it has ${fleets.length} Auto Scaling groups (${fleets.map(({ name }) => name).join(', ')}), not two`,
    { hint: `tag both groups ${TAG.service}=${ref.name}, and no other one` },
  )

/** The one that does not serve: said by the mark of a deployment, else by the weights. */
function nextOf<Fleet extends FleetSnapshot>(
  ref: Pick<ServiceRef, 'name' | 'region'>,
  fleets: readonly Fleet[],
  weightOf: (fleet: Fleet) => number,
): Fleet {
  const told = fleets
    .map((fleet) => {
      const mark = fleet.marks?.role ? `, marked ${fleet.marks.role}` : ''
      return `${fleet.name}: weight ${weightOf(fleet)}${mark}`
    })
    .join('; ')
  const cannot = (hint: string): SluiceError =>
    refuse(ref, `which of the two serves cannot be told (${told})`, { hint })
  const marked = fleets.filter(({ marks }) => marks?.role !== undefined)
  const [said] = marked
  if (said) {
    if (marked.length > 1) throw cannot(`remove the tag ${TAG.role} from the group that serves`)
    const alone = weightOf(said) > 0 && fleets.every((fleet) => fleet === said || weightOf(fleet) === 0)
    if (said.marks?.role === 'parked' && alone)
      throw cannot(`${said.name} has the traffic: remove its tag ${TAG.role}`)
    return said
  }
  const idle = fleets.filter((fleet) => weightOf(fleet) === 0)
  const [next] = idle
  if (next && idle.length === 1) return next
  throw cannot(
    idle.length === 0
      ? 'both get traffic and no deployment says why: give one of them weight 0'
      : 'neither gets traffic: give the one that serves a weight above 0',
  )
}

/** What takes another launch template version, and goes back to the one before. */
function changeable(ref: ServiceRef, { AutoScalingGroupName: name, ...group }: AutoScalingGroup): void {
  if (group.LaunchTemplate?.LaunchTemplateId) return
  const has = group.MixedInstancesPolicy ? 'a mixed instances policy' : 'a launch configuration'
  throw refuse(ref, `Auto Scaling group ${name} has ${has} in place of a launch template`, {
    hint: 'give the group a launch template of its own, by number',
  })
}

/** A fleet that stands in no rule is found by its tag alone; so will be the other one when they have changed places. */
function findable(
  ref: ServiceRef,
  groups: readonly AutoScalingGroup[],
  { name }: GroupFleet,
  weights: Weights,
): void {
  if (groups.every(({ TargetGroupARNs: [arn = ''] = [] }) => weights.has(arn))) return
  const tags = groups.find((group) => group.AutoScalingGroupName === name)?.Tags ?? []
  if (tags.some(({ Key, Value }) => Key === TAG.service && Value === ref.name)) return
  throw refuse(ref, `${name} would not be found once it is out of the listener`, {
    hint: `tag both groups ${TAG.service}=${ref.name}, or have both in the listener, one at weight 0`,
  })
}

function marksOf(groups: readonly AutoScalingGroup[], { name }: GroupFleet): Marks {
  const tags = groups.find((group) => group.AutoScalingGroupName === name)?.Tags ?? []
  const said = (key: string): string | undefined => tags.find(({ Key }) => Key === key)?.Value
  const [role, release] = [said(TAG.role), said(TAG.release)]
  return { ...(role === undefined ? {} : { role }), ...(release === undefined ? {} : { release }) }
}
