import {
  AlreadyExistsFault,
  type AutoScalingGroup,
  CreateAutoScalingGroupCommand,
  type CreateAutoScalingGroupCommandInput,
  DeleteAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling'
import {
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DuplicateTargetGroupNameException,
  ModifyTargetGroupAttributesCommand,
  ResourceInUseException,
  type TargetGroup,
  TargetGroupNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { SluiceError } from '../errors.ts'
import type { FleetName, GroupFleet } from '../strategy.ts'
import { copyBalancer, removeBalancer } from './balancer.ts'
import { type ActionContext, lookInterval } from './context.ts'
import { TAG } from './tags.ts'
import { launchTemplateVersion, removeOwnVersion, removeVersions, versionsMadeFor } from './template.ts'

/**
 * Creates a fleet at 0 instances as a copy of the stable one, running the release: a target group, a numbered
 * launch template version and an Auto Scaling group pinned to it. Where fleets share a target group it gets none, and is
 * attached to none yet. Adopts what an earlier attempt left of it.
 */
export async function createFleet(context: ActionContext, name: FleetName): Promise<void> {
  const model = context.observed.fleets.find((fleet) => fleet.role === 'stable')
  if (model?.kind !== 'group') throw new SluiceError('internal', 'there is no stable group to copy')
  const [targetGroupArn, version, group] = await Promise.all([
    isShared(context) ? undefined : copyTargetGroup(context, model, name),
    launchTemplateVersion(context, model.launchTemplate, name),
    groupNamed(context, model.autoScalingGroupName),
  ])
  if (model.balancer && targetGroupArn) await copyBalancer(context, model.balancer, { name, targetGroupArn })
  try {
    await context.clients.autoScaling.send(
      new CreateAutoScalingGroupCommand(
        copyOfGroup(context, group, { name, targetGroupArn, version, model }),
      ),
      { abortSignal: context.signal },
    )
  } catch (thrown) {
    // A retry whose first call did arrive; the next look at the service compares what is there with what shall be.
    if (!(thrown instanceof AlreadyExistsFault)) throw thrown
  }
}

/** Whether the target group is the user's, for all fleets. */
const isShared = ({ observed }: ActionContext): boolean => observed.entry.via === 'registration'

async function groupNamed(context: ActionContext, name: string): Promise<AutoScalingGroup> {
  const { AutoScalingGroups: [group] = [] } = await context.clients.autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name], IncludeInstances: false }),
    { abortSignal: context.signal },
  )
  if (group) return group
  throw new SluiceError('cloud', `Auto Scaling group ${name} is gone`, {
    hint: 'something else has deleted it',
  })
}

interface Parts {
  readonly name: FleetName
  /** None where it is attached later. */
  readonly targetGroupArn: string | undefined
  readonly version: number
  readonly model: GroupFleet
}

function copyOfGroup(
  context: ActionContext,
  group: AutoScalingGroup,
  parts: Parts,
): CreateAutoScalingGroupCommandInput {
  const own = (key: string): boolean => key.startsWith('sluice:') || key.startsWith('aws:')
  const copied = (group.Tags ?? []).filter((tag) => tag.Key !== undefined && !own(tag.Key))
  const marks = {
    ...marksOf(context),
    [TAG.role]: 'candidate',
    ...(isShared(context) ? { [TAG.after]: parts.model.autoScalingGroupName } : {}),
  }
  return {
    AutoScalingGroupName: parts.name,
    LaunchTemplate: { LaunchTemplateId: parts.model.launchTemplate.id, Version: String(parts.version) },
    MinSize: 0,
    DesiredCapacity: 0,
    MaxSize: group.MaxSize ?? 0,
    ...(parts.targetGroupArn === undefined ? {} : { TargetGroupARNs: [parts.targetGroupArn] }),
    ...(group.VPCZoneIdentifier
      ? { VPCZoneIdentifier: group.VPCZoneIdentifier }
      : { AvailabilityZones: group.AvailabilityZones ?? [] }),
    ...given('HealthCheckType', group.HealthCheckType),
    ...given('HealthCheckGracePeriod', group.HealthCheckGracePeriod),
    ...given('DefaultCooldown', group.DefaultCooldown),
    ...given('DefaultInstanceWarmup', group.DefaultInstanceWarmup),
    ...given('TerminationPolicies', group.TerminationPolicies),
    ...given('CapacityRebalance', group.CapacityRebalance),
    ...given('MaxInstanceLifetime', group.MaxInstanceLifetime),
    ...given('ServiceLinkedRoleARN', group.ServiceLinkedRoleARN),
    Tags: [
      ...copied.map((tag) => ({
        Key: tag.Key,
        Value: tag.Value ?? '',
        PropagateAtLaunch: tag.PropagateAtLaunch ?? false,
      })),
      ...Object.entries(marks).map(([Key, Value]) => ({
        Key,
        Value,
        PropagateAtLaunch: Key === TAG.release,
      })),
    ],
  }
}

/** One member, when it has a value: what the stable group does not set, its copy does not set either. */
const given = <Name extends string, Value>(name: Name, value: Value | undefined) =>
  (value === undefined ? {} : { [name]: value }) as { [key in Name]?: Value }

export const marksOf = (context: ActionContext): Record<string, string> => ({
  [TAG.service]: context.observed.service,
  [TAG.release]: context.release.version,
  [TAG.createdBy]: context.deployment,
})

async function copyTargetGroup(context: ActionContext, model: GroupFleet, name: FleetName): Promise<string> {
  const options = { abortSignal: context.signal }
  const { elbv2 } = context.clients
  const [groups, attributes, tags] = await Promise.all([
    elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [model.targetGroupArn] }), options),
    elbv2.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: model.targetGroupArn }), options),
    elbv2.send(new DescribeTagsCommand({ ResourceArns: [model.targetGroupArn] }), options),
  ])
  const source = groups.TargetGroups?.[0]
  if (!source) throw new SluiceError('cloud', `target group ${model.targetGroupArn} is gone`)
  const copied = (tags.TagDescriptions?.[0]?.Tags ?? []).filter(
    (tag) => !/^(sluice|aws):/.test(tag.Key ?? ''),
  )
  const marks = Object.entries(marksOf(context)).map(([Key, Value]) => ({ Key, Value }))
  const arn = await createOrFind(context, source, name, [...copied, ...marks])
  const wanted = (attributes.Attributes ?? []).filter((each) => each.Value !== undefined && each.Value !== '')
  await elbv2.send(
    new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes: wanted }),
    options,
  )
  return arn
}

async function createOrFind(
  context: ActionContext,
  source: TargetGroup,
  name: string,
  tags: { Key: string | undefined; Value?: string | undefined }[],
): Promise<string> {
  const options = { abortSignal: context.signal }
  const { elbv2 } = context.clients
  try {
    const { TargetGroups: [made] = [] } = await elbv2.send(
      new CreateTargetGroupCommand({
        Name: name,
        Protocol: source.Protocol,
        ProtocolVersion: source.ProtocolVersion,
        Port: source.Port,
        VpcId: source.VpcId,
        TargetType: source.TargetType,
        IpAddressType: source.IpAddressType,
        HealthCheckEnabled: source.HealthCheckEnabled,
        HealthCheckProtocol: source.HealthCheckProtocol,
        HealthCheckPort: source.HealthCheckPort,
        HealthCheckPath: source.HealthCheckPath,
        HealthCheckIntervalSeconds: source.HealthCheckIntervalSeconds,
        HealthCheckTimeoutSeconds: source.HealthCheckTimeoutSeconds,
        HealthyThresholdCount: source.HealthyThresholdCount,
        UnhealthyThresholdCount: source.UnhealthyThresholdCount,
        Matcher: source.Matcher,
        Tags: tags.flatMap((tag) => (tag.Key ? [{ Key: tag.Key, Value: tag.Value ?? '' }] : [])),
      }),
      options,
    )
    if (made?.TargetGroupArn) return made.TargetGroupArn
  } catch (thrown) {
    if (!(thrown instanceof DuplicateTargetGroupNameException)) throw thrown
    const { TargetGroups: [found] = [] } = await elbv2.send(
      new DescribeTargetGroupsCommand({ Names: [name] }),
      options,
    )
    if (found?.TargetGroupArn) return found.TargetGroupArn
  }
  throw new SluiceError('cloud', `target group ${name} was neither created nor found`)
}

/**
 * Removes a fleet that Sluice created and that stands at 0, out of every listener: the group, its target group, and
 * the launch template version made for it. What is gone already is fine.
 */
export async function removeFleet(context: ActionContext, name: FleetName): Promise<void> {
  const fleet = context.observed.fleets.find((each) => each.name === name)
  if (fleet?.kind !== 'group') return
  if (!fleet.owned)
    throw new SluiceError('internal', `fleet ${name} was not created by Sluice and is never removed by it`)
  const options = { abortSignal: context.signal }
  await context.clients.autoScaling.send(
    new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: name, ForceDelete: false }),
    options,
  )
  await untilGroupIsGone(context, name)
  if (fleet.balancer) await removeBalancer(context, fleet.balancer.loadBalancerArn)
  if (!isShared(context)) await removeTargetGroup(context, fleet.targetGroupArn)
  await removeOwnVersion(context, fleet.launchTemplate)
  // Somebody else may have had the group launch from another one meanwhile.
  const { clients, deployment: by, signal } = context
  const made = await versionsMadeFor(clients, fleet.launchTemplate.id, { fleet: name, by }, signal)
  if (made.length > 0) await removeVersions(context, fleet.launchTemplate, made)
}

/** A load balancer that was just deleted holds it for a moment longer. */
export async function removeTargetGroup(context: ActionContext, arn: string): Promise<void> {
  for (;;) {
    try {
      await context.clients.elbv2.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }), {
        abortSignal: context.signal,
      })
      return
    } catch (thrown) {
      if (thrown instanceof TargetGroupNotFoundException) return
      if (!(thrown instanceof ResourceInUseException)) throw thrown
      await context.clock.sleep(lookInterval(0), context.signal)
    }
  }
}

async function untilGroupIsGone(context: ActionContext, name: string): Promise<void> {
  const started = context.clock.now()
  for (;;) {
    const { AutoScalingGroups: groups = [] } = await context.clients.autoScaling.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name], IncludeInstances: false }),
      { abortSignal: context.signal },
    )
    if (groups.length === 0) break
    await context.clock.sleep(lookInterval(context.clock.now() - started), context.signal)
  }
  context.waited('termination', `${name} deleted`, context.clock.now() - started)
}
