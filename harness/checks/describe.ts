import {
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  type Instance as GroupInstance,
} from '@aws-sdk/client-auto-scaling'
import {
  DescribeInstancesCommand,
  DescribeLaunchTemplateVersionsCommand,
  type Instance,
  type LaunchTemplateVersion,
} from '@aws-sdk/client-ec2'
import {
  DescribeListenersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  type TargetGroup,
  type TargetGroupTuple,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import { ATTACHED } from '../converge/attachment.ts'
import { forwardOf } from '../converge/forward.ts'
import { recordsOf } from '../converge/observe-dns.ts'
import { standing } from '../converge/standing.ts'
import type { FleetSnapshot, GroupFleet, ListenerEntry, ServiceSnapshot } from '../strategy.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { onlyGroups } from './check.ts'

/** Reads under way, by cloud and question. */
const underWay = new WeakMap<Cloud, Map<string, Promise<unknown>>>()

/**
 * Checks that run side by side and ask the same share one answer, which AWS counts once. What is asked later is asked
 * anew: a look that is repeated is a fresh one.
 */
function shared<Value>(
  cloud: Cloud,
  question: readonly unknown[],
  signal: AbortSignal | undefined,
  read: () => Promise<Value>,
): Promise<Value> {
  const reads = underWay.get(cloud) ?? new Map<string, Promise<unknown>>()
  underWay.set(cloud, reads)
  const key = JSON.stringify(question)
  // The key names the operation and all that it is given, so the answer is of its type.
  let reading = reads.get(key) as Promise<Value> | undefined
  if (!reading) {
    reading = read().finally(() => reads.delete(key))
    reads.set(key, reading)
  }
  // One check that is given up does not end the read of the others.
  return signal ? unlessAborted(reading, signal) : reading
}

/** The groups of these fleets by name; one that is gone is absent. */
export async function groupsOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleets: readonly FleetSnapshot[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, AutoScalingGroup>> {
  const own = onlyGroups(fleets)
  if (own.length === 0) return new Map() // No name at all would mean: every group.
  const names = own.map((fleet) => fleet.autoScalingGroupName)
  const { autoScaling, name: region } = cloud.region(service.region)
  const { AutoScalingGroups: groups = [] } = await shared(cloud, ['groups', region, names], signal, () =>
    autoScaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: names })),
  )
  return new Map(groups.map((group) => [group.AutoScalingGroupName ?? '', group]))
}

export const inService = (group: AutoScalingGroup | undefined): readonly GroupInstance[] =>
  group?.Instances?.filter((each) => each.LifecycleState === 'InService') ?? []

/** The targets of a fleet: where fleets share a target group, those of its group's instances; else all but what has ended. */
export async function targetsOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleet: GroupFleet,
  signal?: AbortSignal,
): Promise<readonly TargetHealthDescription[]> {
  const [targets, groups] = await Promise.all([
    targetsIn(cloud, service, fleet.targetGroupArn, signal),
    groupsOf(cloud, service, service.fleets, signal),
  ])
  const own = groups.get(fleet.autoScalingGroupName)?.Instances ?? []
  const members = new Set(own.flatMap(({ InstanceId: id }) => id ?? []))
  if (service.entry.via === 'registration')
    return targets.filter(({ Target: target }) => members.has(target?.Id ?? ''))
  return standing(cloud.region(service.region), targets, members, signal)
}

/** All that are registered. */
export async function targetsIn(
  cloud: Cloud,
  service: ServiceSnapshot,
  targetGroupArn: string,
  signal?: AbortSignal,
): Promise<readonly TargetHealthDescription[]> {
  const { elbv2 } = cloud.region(service.region)
  const { TargetHealthDescriptions: targets = [] } = await shared(
    cloud,
    ['targets', targetGroupArn],
    signal,
    () => elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn })),
  )
  return targets
}

export async function targetGroupsOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleets: readonly FleetSnapshot[],
  signal?: AbortSignal,
): Promise<readonly TargetGroup[]> {
  const own = onlyGroups(fleets)
  if (own.length === 0) return []
  const arns = [...new Set(own.map((fleet) => fleet.targetGroupArn))]
  const { elbv2 } = cloud.region(service.region)
  const { TargetGroups: groups = [] } = await shared(cloud, ['target groups', arns], signal, () =>
    elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: arns })),
  )
  return groups
}

/** What the listener forwards to, as the API reads back; undefined when it does not forward. */
async function forwardedTo(
  cloud: Cloud,
  service: ServiceSnapshot,
  { listenerArn }: Pick<ListenerEntry, 'listenerArn'>,
  signal?: AbortSignal,
): Promise<readonly TargetGroupTuple[] | undefined> {
  const { Listeners: listeners = [] } = await cloud
    .region(service.region)
    .elbv2.send(new DescribeListenersCommand({ ListenerArns: [listenerArn] }), abortable(signal))
  return listeners[0] && forwardOf(listeners[0])?.TargetGroups
}

/** Weights as the API reads them back, by fleet, and by registration which are attached; what is of no fleet is named as it is found. Undefined when the listener does not forward. */
export async function weightsOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, number>> | undefined> {
  const { entry, fleets } = service
  const weights: Record<string, number> = {}
  if (entry.via === 'dns') {
    const records = await recordsOf(cloud.region(service.region), entry.zone.id, entry.dnsName, signal)
    for (const { SetIdentifier: id = '', Weight: weight = 0, Type: type } of records) {
      const name = entry.records.find((known) => known.setIdentifier === id)?.fleet ?? id
      if (type === entry.type) weights[name] = (weights[name] ?? 0) + weight
    }
    return weights
  }
  if (entry.via === 'registration') return await attachedOf(cloud, service, signal)
  const tuples = await forwardedTo(cloud, service, entry, signal)
  for (const { TargetGroupArn: arn = '', Weight: weight = 1 } of tuples ?? []) {
    const own = fleets.find((fleet) => fleet.kind === 'group' && fleet.targetGroupArn === arn)
    const name = own?.name ?? arn
    weights[name] = (weights[name] ?? 0) + weight
  }
  return tuples && weights
}

/** The groups of fleets that are attached to the one target group; undefined when the listener forwards elsewhere. */
async function attachedOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, number>> | undefined> {
  const { entry, fleets } = service
  if (entry.via !== 'registration') return undefined
  const [groups, tuples] = await Promise.all([
    groupsOf(cloud, service, fleets, signal),
    forwardedTo(cloud, service, entry, signal),
  ])
  if (tuples?.length !== 1 || tuples[0]?.TargetGroupArn !== entry.targetGroupArn) return undefined
  const attached = onlyGroups(fleets).filter(({ autoScalingGroupName: name }) =>
    groups.get(name)?.TargetGroupARNs?.includes(entry.targetGroupArn),
  )
  return Object.fromEntries(attached.map(({ name }) => [name, ATTACHED]))
}

/** DescribeInstances takes at most 1000 ids, and is throttled sooner the more it is asked for. */
const INSTANCES_AT_ONCE = 500

export async function instancesOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<readonly Instance[]> {
  if (ids.length === 0) return []
  const { ec2, name: region } = cloud.region(service.region)
  const pages = Array.from({ length: Math.ceil(ids.length / INSTANCES_AT_ONCE) }, (_, page) =>
    ids.slice(page * INSTANCES_AT_ONCE, (page + 1) * INSTANCES_AT_ONCE),
  )
  const found: Instance[] = []
  // One after the other: EC2 counts by the call, and a large fleet must not use up what others are allowed.
  for (const page of pages) {
    const { Reservations: reservations = [] } = await shared(cloud, ['instances', region, page], signal, () =>
      ec2.send(new DescribeInstancesCommand({ InstanceIds: page })),
    )
    found.push(...reservations.flatMap((reservation) => reservation.Instances ?? []))
  }
  return found
}

/** A numbered version of a launch template; throws AWS's not-found error when there is none. */
export async function templateVersion(
  cloud: Cloud,
  service: ServiceSnapshot,
  template: FleetSnapshot['launchTemplate'],
  signal?: AbortSignal,
): Promise<LaunchTemplateVersion | undefined> {
  const { ec2, name: region } = cloud.region(service.region)
  const { id, version } = template
  const { LaunchTemplateVersions: versions = [] } = await shared(
    cloud,
    ['template', region, id, version],
    signal,
    () => ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: [version] })),
  )
  return versions[0]
}
