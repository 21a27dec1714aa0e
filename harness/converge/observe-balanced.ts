import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import {
  DescribeListenersCommand,
  DescribeTargetGroupsCommand,
  type LoadBalancer,
  paginateDescribeLoadBalancers,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { ResourceRecordSet } from '@aws-sdk/client-route-53'
import type { RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { DnsRef, ServiceRef } from '../gate.ts'
import type { FleetBalancer, GroupFleet } from '../strategy.ts'
import { abortable } from './abortable.ts'
import { forwardOf } from './forward.ts'
import type { ObservedFleets } from './observe-dns.ts'
import { observeGroup, taggedGroups, withUntagged } from './observe-groups.ts'
import { dimensionOf } from './observe-listener.ts'
import { pairOf } from './pair.ts'
import { TAG } from './tags.ts'

/** A load balancer, and the one target group that its listener forwards to. */
interface Led {
  readonly balancer: FleetBalancer
  readonly targetGroupArn: string
}

/** Auto Scaling groups, each behind a load balancer of its own that a record is an alias of. */
export async function observeBalanced(
  clients: RegionClients,
  ref: ServiceRef,
  dns: DnsRef,
  records: readonly ResourceRecordSet[],
  inPlaceBy: string | undefined,
  signal: AbortSignal,
): Promise<ObservedFleets> {
  const tagged = await taggedGroups(clients, ref.name, signal)
  const ours = await balancersOf(clients, tagged, records, signal)
  const led = await Promise.all(ours.map((balancer) => ledBy(clients, balancer, dns, signal)))
  const attached = await withUntagged(
    clients,
    tagged,
    led.map(({ targetGroupArn }) => targetGroupArn),
    signal,
  )
  const found = await Promise.all(
    attached.map(async (group): Promise<GroupFleet> => {
      const fleet = await observeGroup(clients, group, inPlaceBy, signal)
      const own = led.find(({ targetGroupArn }) => targetGroupArn === fleet.targetGroupArn)
      if (own) return { ...fleet, balancer: own.balancer }
      throw new SluiceError(
        'precondition',
        `fleet ${fleet.name} of ${ref.name} stands behind no load balancer that listens on port ${dns.port}`,
        { hint: 'each fleet needs a load balancer of its own, to which its record leads' },
      )
    }),
  )
  const weights = new Map(
    led.flatMap(({ balancer, targetGroupArn }) =>
      records
        .filter(({ AliasTarget: alias }) => sameName(balancer.dnsName, alias?.DNSName))
        .map(({ Weight: weight = 0 }) => [targetGroupArn, weight] as const),
    ),
  )
  const fleets = ref.fleets === 'pair' ? pairOf(ref, attached, found, weights) : found
  return {
    fleets,
    protocol: led[0]?.balancer.protocol ?? 'HTTP',
    fleetOf({ AliasTarget: alias, SetIdentifier: id }) {
      const own = fleets.find(({ balancer }) => balancer && sameName(balancer.dnsName, alias?.DNSName))
      if (own) return own.name
      throw new SluiceError(
        'precondition',
        `record ${id} of ${dns.record} leads to ${alias?.DNSName}, behind which no Auto Scaling group serves ${ref.name}`,
        {
          hint: `attach the group to the target group of that load balancer, or tag it ${TAG.service}=${ref.name}`,
        },
      )
    },
  }
}

/** Those that records are aliases of, and those before groups that carry the service's tag. */
async function balancersOf(
  { elbv2 }: RegionClients,
  tagged: readonly AutoScalingGroup[],
  records: readonly ResourceRecordSet[],
  signal: AbortSignal,
): Promise<readonly LoadBalancer[]> {
  const arns = tagged.flatMap(({ TargetGroupARNs: [first] = [] }) => first ?? [])
  const { TargetGroups: groups = [] } =
    arns.length === 0
      ? {}
      : await elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: arns }), abortable(signal))
  const wanted = new Set(groups.flatMap((group) => group.LoadBalancerArns ?? []))
  const found: LoadBalancer[] = []
  // Only their names are known, and nothing finds a load balancer by its DNS name.
  for await (const page of paginateDescribeLoadBalancers({ client: elbv2 }, {}, abortable(signal))) {
    for (const balancer of page.LoadBalancers ?? []) {
      const named = records.some(({ AliasTarget: alias }) => sameName(balancer.DNSName, alias?.DNSName))
      if (named || wanted.has(balancer.LoadBalancerArn ?? '')) found.push(balancer)
    }
  }
  return found
}

async function ledBy(
  { elbv2 }: RegionClients,
  found: LoadBalancer,
  { port }: DnsRef,
  signal: AbortSignal,
): Promise<Led> {
  const { LoadBalancerArn: arn = '', LoadBalancerName: name = '', DNSName: dnsName = '' } = found
  const { Listeners: listeners = [] } = await elbv2.send(
    new DescribeListenersCommand({ LoadBalancerArn: arn }),
    abortable(signal),
  )
  const listener = listeners.find((each) => each.Port === port)
  const groups = (listener && forwardOf(listener)?.TargetGroups) ?? []
  const [group] = groups
  if (!listener?.ListenerArn || !group?.TargetGroupArn || groups.length > 1)
    throw new SluiceError(
      'precondition',
      listener?.ListenerArn
        ? `listener ${port} of load balancer ${name} forwards to ${groups.length} target groups, not to one`
        : `load balancer ${name}, to which DNS leads, does not listen on port ${port}`,
      { hint: 'by DNS each fleet needs a load balancer of its own, whose listener forwards to it alone' },
    )
  return {
    targetGroupArn: group.TargetGroupArn,
    balancer: {
      loadBalancerArn: arn,
      loadBalancerName: dimensionOf(arn),
      dnsName,
      hostedZoneId: found.CanonicalHostedZoneId ?? '',
      listenerArn: listener.ListenerArn,
      port,
      protocol: listener.Protocol ?? 'HTTP',
    },
  }
}

/** Route 53 writes aliases in lower case, with a final dot, and the console with `dualstack.` before them. */
const sameName = (a = '', b = ''): boolean => plain(a) === plain(b)

const plain = (name: string): string =>
  name
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^dualstack\./, '')
