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
import { abortable, forwardOf } from '../converge/observe.ts'
import type { FleetSnapshot, ServiceSnapshot } from '../strategy.ts'

/** The groups of these fleets by name; one that is gone is absent. */
export async function groupsOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleets: readonly FleetSnapshot[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, AutoScalingGroup>> {
  if (fleets.length === 0) return new Map() // No name at all would mean: every group.
  const { AutoScalingGroups: groups = [] } = await cloud.region(service.region).autoScaling.send(
    new DescribeAutoScalingGroupsCommand({
      AutoScalingGroupNames: fleets.map((fleet) => fleet.autoScalingGroupName),
    }),
    abortable(signal),
  )
  return new Map(groups.map((group) => [group.AutoScalingGroupName ?? '', group]))
}

export const inService = (group: AutoScalingGroup | undefined): readonly GroupInstance[] =>
  group?.Instances?.filter((each) => each.LifecycleState === 'InService') ?? []

export async function targetsOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  targetGroupArn: string,
  signal?: AbortSignal,
): Promise<readonly TargetHealthDescription[]> {
  const { TargetHealthDescriptions: targets = [] } = await cloud
    .region(service.region)
    .elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }), abortable(signal))
  return targets
}

export async function targetGroupsOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleets: readonly FleetSnapshot[],
  signal?: AbortSignal,
): Promise<readonly TargetGroup[]> {
  if (fleets.length === 0) return []
  const { TargetGroups: groups = [] } = await cloud.region(service.region).elbv2.send(
    new DescribeTargetGroupsCommand({
      TargetGroupArns: [...new Set(fleets.map((fleet) => fleet.targetGroupArn))],
    }),
    abortable(signal),
  )
  return groups
}

/** What the listener forwards to, as the API reads back; undefined when it does not forward. */
export async function forwardedTo(
  cloud: Cloud,
  service: ServiceSnapshot,
  signal?: AbortSignal,
): Promise<readonly TargetGroupTuple[] | undefined> {
  const { Listeners: listeners = [] } = await cloud
    .region(service.region)
    .elbv2.send(
      new DescribeListenersCommand({ ListenerArns: [service.entry.listenerArn] }),
      abortable(signal),
    )
  return listeners[0] && forwardOf(listeners[0])?.TargetGroups
}

export async function instancesOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<readonly Instance[]> {
  if (ids.length === 0) return []
  const { Reservations: reservations = [] } = await cloud
    .region(service.region)
    .ec2.send(new DescribeInstancesCommand({ InstanceIds: [...ids] }), abortable(signal))
  return reservations.flatMap((reservation) => reservation.Instances ?? [])
}

/** A numbered version of a launch template; throws AWS's not-found error when there is none. */
export async function templateVersion(
  cloud: Cloud,
  service: ServiceSnapshot,
  template: FleetSnapshot['launchTemplate'],
  signal?: AbortSignal,
): Promise<LaunchTemplateVersion | undefined> {
  const { LaunchTemplateVersions: versions = [] } = await cloud.region(service.region).ec2.send(
    new DescribeLaunchTemplateVersionsCommand({
      LaunchTemplateId: template.id,
      Versions: [template.version],
    }),
    abortable(signal),
  )
  return versions[0]
}
