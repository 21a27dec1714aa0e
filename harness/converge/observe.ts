import {
  type AutoScalingGroup,
  type DescribeAutoScalingGroupsCommandInput,
  paginateDescribeAutoScalingGroups,
} from '@aws-sdk/client-auto-scaling'
import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2'
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
  type Listener,
  LoadBalancerNotFoundException,
  type TargetGroupTuple,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { deadline } from '../clock.ts'
import type { Cloud, RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { ServiceRef } from '../gate.ts'
import { scopeOf } from '../scope.ts'
import type { EntrySnapshot, FleetRole, FleetSnapshot, ServiceSnapshot } from '../strategy.ts'
import { formerIn } from './former.ts'
import { forwardOf } from './forward.ts'
import { keptUntilIn } from './kept.ts'
import { observeMix, observeTraces } from './observe-mix.ts'
import { pairOf } from './pair.ts'
import { observeRoutes } from './routes.ts'
import { TAG } from './tags.ts'
import { releaseIn } from './template.ts'
import { observeListeners } from './test-listeners.ts'

/** Wall milliseconds: retries of throttled calls included. */
const OBSERVE_WITHIN = 60_000

/**
 * The service as it stands in the cloud. Throws `precondition` when it is not there or not of a shape that Sluice
 * can deploy to; an SDK error passes through.
 */
export async function observeService(
  cloud: Cloud,
  ref: ServiceRef,
  signal?: AbortSignal,
  /** A deployment that changes fleets in place: then its traces are looked for too, with two more calls for each fleet. */
  inPlaceBy?: string,
): Promise<ServiceSnapshot> {
  const late = (): Error =>
    new SluiceError('timeout', `${ref.name} in ${ref.region} could not be observed in time`)
  using time = deadline(cloud.clock.wall, OBSERVE_WITHIN, late, signal)
  try {
    return await observe(cloud, ref, inPlaceBy, time.signal)
  } catch (thrown) {
    // The SDK has an abort error of its own; what counts is why the signal was aborted.
    throw time.signal.aborted ? time.signal.reason : thrown
  }
}

async function observe(
  cloud: Cloud,
  ref: ServiceRef,
  inPlaceBy: string | undefined,
  signal: AbortSignal,
): Promise<ServiceSnapshot> {
  const clients = cloud.region(ref.region)
  const [entry, groups] = await Promise.all([
    observeEntry(clients, ref, signal),
    groupsOf(clients, ref, signal),
  ])
  const attached = await withUntagged(clients, groups, entry.tuples, signal)
  if (attached.length === 0) {
    throw new SluiceError('precondition', `no Auto Scaling group serves ${ref.name} in ${ref.region}`, {
      hint: `attach the group to a target group that listener ${ref.entry.listener} of ${ref.entry.loadBalancer} forwards to, or tag it ${TAG.service}=${ref.name}`,
    })
  }
  const weights = new Map(entry.tuples.map((tuple) => [tuple.TargetGroupArn, tuple.Weight ?? 1]))
  const found = await Promise.all(attached.map((group) => observeFleet(clients, group, inPlaceBy, signal)))
  const fleets = ref.fleets === 'pair' ? pairOf(ref, attached, found, weights) : found
  // Only the rules of an Application Load Balancer tell clients apart.
  const routes = entry.snapshot.loadBalancerName.startsWith('app/')
    ? await observeRoutes(clients, entry.snapshot.listenerArn, ref.name, fleets, signal)
    : []
  const others = await observeListeners(clients, entry.others, ref.name, fleets, signal)
  const shares: Record<string, number> = {}
  for (const fleet of fleets) {
    const weight = weights.get(fleet.targetGroupArn)
    if (weight !== undefined) shares[fleet.name] = weight
  }
  for (const [arn, weight] of weights) {
    const foreign = arn !== undefined && fleets.every(({ targetGroupArn }) => targetGroupArn !== arn)
    if (foreign) shares[arn] = weight
  }
  return {
    scope: scopeOf(ref),
    service: ref.name,
    region: ref.region,
    entry: entry.snapshot,
    fleets: inRoleOrder(ref, fleets),
    shares,
    ...(ref.fleets === 'pair' ? { pair: true } : {}),
    ...(routes.length > 0 ? { routes } : {}),
    ...(others.length > 0 ? { listeners: others } : {}),
  }
}

interface ObservedEntry {
  readonly snapshot: EntrySnapshot
  readonly tuples: readonly TargetGroupTuple[]
  /** Listeners of the load balancer that are none of the service's entry. */
  readonly others: readonly Listener[]
}

async function observeEntry(
  clients: RegionClients,
  ref: ServiceRef,
  signal?: AbortSignal,
): Promise<ObservedEntry> {
  const balancer = await findLoadBalancer(clients, ref, signal)
  const { Listeners: listeners = [] } = await clients.elbv2.send(
    new DescribeListenersCommand({ LoadBalancerArn: balancer.arn }),
    abortable(signal),
  )
  const listener = listeners.find((each) => each.Port === ref.entry.listener)
  if (!listener?.ListenerArn) {
    const ports = listeners.map((each) => each.Port).join(', ') || 'none'
    throw new SluiceError(
      'precondition',
      `load balancer ${ref.entry.loadBalancer} in ${ref.region} has no listener on port ${ref.entry.listener} (it listens on: ${ports})`,
      { hint: 'correct service.entry.listener in the config' },
    )
  }
  const forward = forwardOf(listener)
  if (!forward) {
    throw new SluiceError(
      'precondition',
      `listener ${ref.entry.listener} of ${ref.entry.loadBalancer} does not forward to target groups by default`,
      { hint: 'Sluice shifts the weights of a forward action; make it the default action of the listener' },
    )
  }
  const sticky = forward.TargetGroupStickinessConfig
  return {
    tuples: forward.TargetGroups ?? [],
    others: listeners.filter((each) => each !== listener),
    snapshot: {
      loadBalancerArn: balancer.arn,
      loadBalancerName: balancer.arn.slice(balancer.arn.indexOf(':loadbalancer/') + ':loadbalancer/'.length),
      dnsName: balancer.dnsName,
      listenerArn: listener.ListenerArn,
      port: ref.entry.listener,
      protocol: listener.Protocol ?? 'HTTP',
      stickiness: sticky?.Enabled ? (sticky.DurationSeconds ?? 0) : 0,
    },
  }
}

async function findLoadBalancer(
  clients: RegionClients,
  ref: ServiceRef,
  signal?: AbortSignal,
): Promise<{ arn: string; dnsName: string }> {
  const missing = (cause?: unknown): SluiceError =>
    new SluiceError(
      'precondition',
      `there is no load balancer named ${ref.entry.loadBalancer} in ${ref.region}`,
      {
        cause,
        hint: 'correct service.entry.loadBalancer, the region or the cloud',
      },
    )
  try {
    const answer = await clients.elbv2.send(
      new DescribeLoadBalancersCommand({ Names: [ref.entry.loadBalancer] }),
      abortable(signal),
    )
    const found = answer.LoadBalancers?.[0]
    if (!found?.LoadBalancerArn || !found.DNSName) throw missing()
    return { arn: found.LoadBalancerArn, dnsName: found.DNSName }
  } catch (thrown) {
    throw thrown instanceof LoadBalancerNotFoundException ? missing(thrown) : thrown
  }
}

async function groupsOf(
  clients: RegionClients,
  ref: ServiceRef,
  signal?: AbortSignal,
): Promise<AutoScalingGroup[]> {
  return pages(clients, { Filters: [{ Name: `tag:${TAG.service}`, Values: [ref.name] }] }, signal)
}

/** Adds the groups behind the listener that carry no tag of ours: a service that Sluice deploys for the first time. */
async function withUntagged(
  clients: RegionClients,
  tagged: readonly AutoScalingGroup[],
  tuples: readonly TargetGroupTuple[],
  signal?: AbortSignal,
): Promise<readonly AutoScalingGroup[]> {
  const covered = new Set(tagged.flatMap((group) => group.TargetGroupARNs ?? []))
  const bare = tuples.flatMap((tuple) =>
    tuple.TargetGroupArn && !covered.has(tuple.TargetGroupArn) ? [tuple.TargetGroupArn] : [],
  )
  if (bare.length === 0) return tagged
  // Who serves is looked for among all groups of the region; their instances are not.
  const all = await pages(clients, { IncludeInstances: false }, signal)
  const names = all.flatMap(({ TargetGroupARNs: arns = [], AutoScalingGroupName: name }) =>
    name !== undefined && arns.some((arn) => bare.includes(arn)) ? [name] : [],
  )
  if (names.length === 0) return tagged
  return [...tagged, ...(await pages(clients, { AutoScalingGroupNames: names }, signal))]
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

async function observeFleet(
  clients: RegionClients,
  group: AutoScalingGroup,
  inPlaceBy: string | undefined,
  signal?: AbortSignal,
): Promise<FleetSnapshot> {
  const name = group.AutoScalingGroupName ?? ''
  const targetGroupArn = group.TargetGroupARNs?.[0]
  if (!targetGroupArn) {
    throw new SluiceError('precondition', `Auto Scaling group ${name} is attached to no target group`, {
      hint: 'attach it to the target group that the listener forwards to',
    })
  }
  const template =
    group.LaunchTemplate ?? group.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification
  const [health, attributes, release, mixed, traces] = await Promise.all([
    clients.elbv2.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }),
      abortable(signal),
    ),
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
    name,
    role: roleOf(group),
    release,
    autoScalingGroupName: name,
    targetGroupArn,
    launchTemplate: { id: template?.LaunchTemplateId ?? '', version: template?.Version ?? '' },
    minSize: group.MinSize ?? 0,
    maxSize: group.MaxSize ?? 0,
    desiredCapacity: group.DesiredCapacity ?? 0,
    inService: group.Instances?.filter((each) => each.LifecycleState === 'InService').length ?? 0,
    healthy:
      health.TargetHealthDescriptions?.filter((each) => each.TargetHealth?.State === 'healthy').length ?? 0,
    instances: group.Instances?.length ?? 0,
    targets: health.TargetHealthDescriptions?.length ?? 0,
    suspendedProcesses: group.SuspendedProcesses?.map((each) => each.ProcessName ?? '').sort() ?? [],
    deregistrationDelay: Number(delay?.Value ?? 300),
    owned: tagOf(group, TAG.createdBy) !== undefined,
    ...(keptUntil === undefined ? {} : { keptUntil }),
    ...(former ? { former } : {}),
    ...(mixed ? { mixed } : {}),
    ...traces,
  }
}

const tagOf = (group: AutoScalingGroup, key: string): string | undefined =>
  group.Tags?.find((tag) => tag.Key === key)?.Value

const roleOf = (group: AutoScalingGroup): FleetRole => {
  const role = tagOf(group, TAG.role)
  return role === 'candidate' || role === 'parked' ? role : 'stable'
}

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

const ROLES: readonly FleetRole[] = ['stable', 'candidate', 'parked']

function inRoleOrder(ref: ServiceRef, fleets: readonly FleetSnapshot[]): FleetSnapshot[] {
  const sorted = [...fleets].sort(
    (a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || (a.name < b.name ? -1 : 1),
  )
  const stable = sorted.filter((fleet) => fleet.role === 'stable')
  if (stable.length === 1) return sorted
  throw new SluiceError(
    'precondition',
    `${ref.name} in ${ref.region} has ${stable.length || 'no'} stable fleets (${sorted.map((fleet) => `${fleet.name}: ${fleet.role}`).join(', ')}); exactly one must be`,
    {
      hint: `set the tag ${TAG.role}=candidate or ${TAG.role}=parked on every group but the one that serves today`,
    },
  )
}

export const abortable = (signal?: AbortSignal): { abortSignal?: AbortSignal } =>
  signal ? { abortSignal: signal } : {}
