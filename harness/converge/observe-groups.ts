import {
  type AutoScalingGroup,
  type DescribeAutoScalingGroupsCommandInput,
  paginateDescribeAutoScalingGroups,
} from '@aws-sdk/client-auto-scaling'
import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2'
import {
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { GroupFleet } from '../strategy.ts'
import { abortable } from './abortable.ts'
import { formerIn } from './former.ts'
import { keptUntilIn } from './kept.ts'
import { observeMix, observeTraces } from './observe-mix.ts'
import { standing } from './standing.ts'
import { roleIn, TAG } from './tags.ts'
import { releaseIn } from './template.ts'

/** The groups that carry the service's tag. */
export const taggedGroups = (
  clients: RegionClients,
  service: string,
  signal?: AbortSignal,
): Promise<AutoScalingGroup[]> =>
  pages(clients, { Filters: [{ Name: `tag:${TAG.service}`, Values: [service] }] }, signal)

/** Adds the groups behind these target groups that carry no tag of ours: a service that Sluice deploys for the first time. */
export async function withUntagged(
  clients: RegionClients,
  tagged: readonly AutoScalingGroup[],
  targetGroups: readonly string[],
  signal?: AbortSignal,
): Promise<readonly AutoScalingGroup[]> {
  const covered = new Set(tagged.flatMap((group) => group.TargetGroupARNs ?? []))
  const bare = targetGroups.filter((arn) => !covered.has(arn))
  if (bare.length === 0) return tagged
  // Who serves is looked for among all groups of the region; their instances are not.
  const all = await pages(clients, { IncludeInstances: false }, signal)
  const names = all.flatMap(({ TargetGroupARNs: arns = [], AutoScalingGroupName: name }) =>
    name !== undefined && arns.some((arn) => bare.includes(arn)) ? [name] : [],
  )
  return [...tagged, ...(await groupsNamed(clients, names, signal))]
}

/** Those of these names that are there. */
export async function groupsNamed(
  clients: RegionClients,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<readonly AutoScalingGroup[]> {
  // No name at all would mean: every group.
  return names.length === 0 ? [] : await pages(clients, { AutoScalingGroupNames: [...names] }, signal)
}

async function pages(
  clients: RegionClients,
  input: DescribeAutoScalingGroupsCommandInput,
  signal?: AbortSignal,
): Promise<AutoScalingGroup[]> {
  const found: AutoScalingGroup[] = []
  for await (const page of paginateDescribeAutoScalingGroups(
    { client: clients.autoScaling, pageSize: 100 },
    input,
    abortable(signal),
  )) {
    found.push(...(page.AutoScalingGroups ?? []))
  }
  return found.filter((group) => group.Status === undefined)
}

export async function observeGroup(
  clients: RegionClients,
  group: AutoScalingGroup,
  inPlaceBy: string | undefined,
  signal?: AbortSignal,
  /** The target group that it shares with others, whether it is attached to it or not; its own when absent. */
  shared?: string,
): Promise<GroupFleet> {
  const name = group.AutoScalingGroupName ?? ''
  const targetGroupArn = shared ?? group.TargetGroupARNs?.[0]
  if (!targetGroupArn) {
    throw new SluiceError('precondition', `Auto Scaling group ${name} is attached to no target group`, {
      hint: "attach it to the target group that the listener forwards to; where fleets share one, say service.entry.by: 'registration'",
    })
  }
  const template =
    group.LaunchTemplate ?? group.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification
  const [targets, attributes, release, mixed, traces] = await Promise.all([
    targetsOf(clients, group, { targetGroupArn, shared: shared !== undefined }, signal),
    clients.elbv2.send(
      new DescribeTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn }),
      abortable(signal),
    ),
    releaseOf(clients, group, template, signal),
    observeMix(clients, group, template, signal),
    inPlaceBy === undefined ? {} : observeTraces(clients, group, inPlaceBy, signal),
  ])
  const keptUntil = keptUntilIn(tagOf(group, TAG.keptUntil))
  const former = formerIn(tagOf(group, TAG.former))
  const delay = attributes.Attributes?.find((each) => each.Key === 'deregistration_delay.timeout_seconds')
  return {
    kind: 'group',
    name,
    role: roleIn(tagOf(group, TAG.role)),
    release,
    autoScalingGroupName: name,
    targetGroupArn,
    launchTemplate: { id: template?.LaunchTemplateId ?? '', version: template?.Version ?? '' },
    minSize: group.MinSize ?? 0,
    maxSize: group.MaxSize ?? 0,
    desiredCapacity: group.DesiredCapacity ?? 0,
    inService: group.Instances?.filter((each) => each.LifecycleState === 'InService').length ?? 0,
    healthy: targets.filter((each) => each.TargetHealth?.State === 'healthy').length,
    instances: group.Instances?.length ?? 0,
    targets: targets.length,
    suspendedProcesses: group.SuspendedProcesses?.map((each) => each.ProcessName ?? '').sort() ?? [],
    deregistrationDelay: Number(delay?.Value ?? 300),
    owned: tagOf(group, TAG.createdBy) !== undefined,
    ...(keptUntil === undefined ? {} : { keptUntil }),
    ...(former ? { former } : {}),
    ...(mixed ? { mixed } : {}),
    ...traces,
  }
}

/** In a target group that is shared, those of the group's instances; in its own, all but what has ended. */
async function targetsOf(
  clients: RegionClients,
  { Instances: instances = [] }: AutoScalingGroup,
  { targetGroupArn, shared }: { readonly targetGroupArn: string; readonly shared: boolean },
  signal?: AbortSignal,
): Promise<readonly TargetHealthDescription[]> {
  const { TargetHealthDescriptions: targets = [] } = await clients.elbv2.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }),
    abortable(signal),
  )
  const members = new Set(instances.flatMap(({ InstanceId: id }) => id ?? []))
  if (shared) return targets.filter(({ Target: target }) => members.has(target?.Id ?? ''))
  return standing(clients, targets, members, signal)
}

const tagOf = (group: AutoScalingGroup, key: string): string | undefined =>
  group.Tags?.find((tag) => tag.Key === key)?.Value

async function releaseOf(
  clients: RegionClients,
  group: AutoScalingGroup,
  template: { LaunchTemplateId?: string | undefined; Version?: string | undefined } | undefined,
  signal?: AbortSignal,
): Promise<string> {
  const tagged = tagOf(group, TAG.release)
  if (tagged !== undefined || !template?.LaunchTemplateId) return tagged ?? 'unknown'
  const { LaunchTemplateVersions: versions = [] } = await clients.ec2.send(
    new DescribeLaunchTemplateVersionsCommand({
      LaunchTemplateId: template.LaunchTemplateId,
      Versions: [template.Version ?? '$Default'],
    }),
    abortable(signal),
  )
  return releaseIn(versions[0]) ?? 'unknown'
}
