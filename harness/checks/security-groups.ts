import {
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  type IpPermission,
  type SecurityGroup,
} from '@aws-sdk/client-ec2'
import { DescribeLoadBalancersCommand, type TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import type { GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { containsBlock } from './address-block.ts'
import { balancersOf, type FleetOptions, groupsIn } from './check.ts'
import { instancesOf, targetGroupsOf, targetsOf } from './describe.ts'
import { type Findings, list, looking, type Seen, unknown, wrong } from './finding.ts'

/** The load balancer as security groups see it. */
interface Source {
  readonly groupIds: readonly string[]
  readonly blocks: readonly string[]
}

/**
 * The load balancer may open connections to the targets, and the targets accept them, on the traffic port and on the
 * health check's port. Both sides: a rule on one of them alone lets nothing through.
 */
export async function securityGroups(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const { signal } = options
  const fleets = groupsIn(service, options)
  const expected = 'security groups that let the load balancer reach its targets'
  return looking({ subject: service.scope, expected, signal }, async () => {
    const targetGroups = await targetGroupsOf(cloud, service, fleets, signal)
    const [first] = balancersOf(service)
    const found = fleets.map(async (fleet): Promise<Findings> => {
      const group = targetGroups.find((each) => each.TargetGroupArn === fleet.targetGroupArn)
      const balancer = fleet.balancer ?? first
      if (!group || !balancer) return []
      const source = await sourceOf(cloud, service, balancer.loadBalancerArn, signal)
      return between(cloud, service, { source, fleet, group, signal })
    })
    return (await Promise.all(found)).flat()
  })
}

async function sourceOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  loadBalancerArn: string,
  signal?: AbortSignal,
): Promise<Source> {
  const { ec2, elbv2 } = cloud.region(service.region)
  const answer = await elbv2.send(
    new DescribeLoadBalancersCommand({ LoadBalancerArns: [loadBalancerArn] }),
    abortable(signal),
  )
  const balancer = answer.LoadBalancers?.[0]
  const ids = balancer?.AvailabilityZones?.flatMap((zone) => zone.SubnetId ?? []) ?? []
  const { Subnets: subnets = [] } =
    ids.length === 0 ? {} : await ec2.send(new DescribeSubnetsCommand({ SubnetIds: ids }), abortable(signal))
  return {
    groupIds: balancer?.SecurityGroups ?? [],
    blocks: subnets.flatMap((subnet) => subnet.CidrBlock ?? []),
  }
}

interface Way {
  readonly source: Source
  readonly fleet: GroupFleet
  readonly group: TargetGroup
  readonly signal: AbortSignal | undefined
}

async function between(
  cloud: Cloud,
  service: ServiceSnapshot,
  { source, fleet, group, signal }: Way,
): Promise<Findings> {
  const targets = await targetsOf(cloud, service, fleet, signal)
  const ids = targets.flatMap(({ Target: target }) => (target?.Id?.startsWith('i-') ? target.Id : []))
  const instances = await instancesOf(cloud, service, ids, signal)
  const own = [
    ...new Set(instances.flatMap((each) => each.SecurityGroups?.flatMap((sg) => sg.GroupId ?? []) ?? [])),
  ]
  const wanted = [...new Set([...own, ...source.groupIds])]
  const { SecurityGroups: known = [] } =
    wanted.length === 0
      ? {}
      : await cloud
          .region(service.region)
          .ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: wanted }), abortable(signal))
  const rulesOf = (
    groupIds: readonly string[],
    way: 'IpPermissions' | 'IpPermissionsEgress',
  ): IpPermission[] =>
    known
      .filter((each) => groupIds.includes(each.GroupId ?? ''))
      .flatMap((each: SecurityGroup) => each[way] ?? [])
  const targetBlocks = instances.flatMap((each) =>
    each.PrivateIpAddress ? `${each.PrivateIpAddress}/32` : [],
  )
  return portsOf(group, targets).flatMap(({ port, use }) => [
    ...(own.length === 0
      ? []
      : verdict(rulesOf(own, 'IpPermissions'), source, port, {
          subject: list(own),
          expected: `ingress on ${use} port ${port} from the load balancer (${list(source.groupIds)})`,
          seen: 'no rule allows it',
          hint: `allow it: aws ec2 authorize-security-group-ingress --group-id ${own[0]} --protocol tcp --port ${port}`,
        })),
    ...(source.groupIds.length === 0
      ? []
      : verdict(
          rulesOf(source.groupIds, 'IpPermissionsEgress'),
          { groupIds: own, blocks: targetBlocks },
          port,
          {
            subject: list(source.groupIds),
            expected: `egress on ${use} port ${port} to the targets (${list(own)})`,
            seen: 'no rule allows it',
            hint: `allow it: aws ec2 authorize-security-group-egress --group-id ${source.groupIds[0]} --protocol tcp --port ${port}`,
          },
        )),
  ])
}

function portsOf(
  group: TargetGroup,
  targets: readonly { readonly Target?: { readonly Port?: number | undefined } | undefined }[],
): readonly { readonly port: number; readonly use: string }[] {
  const traffic = new Set(targets.flatMap((each) => each.Target?.Port ?? []))
  if (traffic.size === 0 && group.Port !== undefined) traffic.add(group.Port)
  const health = Number(group.HealthCheckPort) // NaN for `traffic-port`.
  return [
    ...[...traffic].map((port) => ({ port, use: 'traffic' })),
    ...(health > 0 && !traffic.has(health) ? [{ port: health, use: 'health-check' }] : []),
  ]
}

function verdict(rules: readonly IpPermission[], peer: Source, port: number, denied: Seen): Findings {
  const matching = rules.filter((rule) => coversPort(rule, port))
  if (matching.some((rule) => admits(rule, peer))) return []
  if (matching.some((rule) => rule.PrefixListIds?.length)) {
    const seen = 'a rule names a prefix list, whose addresses are not looked up'
    return [unknown({ ...denied, seen })]
  }
  return [wrong(denied)]
}

/** `-1` is every protocol and port. */
const coversPort = (rule: IpPermission, port: number): boolean =>
  rule.IpProtocol === '-1' ||
  ((rule.IpProtocol === 'tcp' || rule.IpProtocol === '6') &&
    (rule.FromPort ?? 0) <= port &&
    port <= (rule.ToPort ?? 65_535))

const admits = (rule: IpPermission, peer: Source): boolean =>
  rule.UserIdGroupPairs?.some((pair) => peer.groupIds.includes(pair.GroupId ?? '')) ||
  (peer.blocks.length > 0 &&
    peer.blocks.every((block) => rule.IpRanges?.some((range) => containsBlock(range.CidrIp ?? '', block))))
