import { DescribeLoadBalancersCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import type { FleetBalancer, GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { balancersOf, type CheckOptions, onlyGroups, servingFleets } from './check.ts'
import { groupsOf } from './describe.ts'
import { type Findings, list, looking, waiting, wrong } from './finding.ts'

/**
 * The load balancer is active, spans two zones or more, and covers every zone of the groups behind it: a target in a
 * zone that the load balancer has not enabled gets no traffic.
 */
export async function zones(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: CheckOptions,
): Promise<Findings> {
  const fleets = onlyGroups(servingFleets(service))
  const found = balancersOf(service).map((balancer) => {
    // By DNS each fleet has its own.
    const behind = fleets.filter((fleet) => !fleet.balancer || fleet.balancer === balancer)
    return zonesOf(cloud, service, { balancer, fleets: behind, signal: options.signal })
  })
  return (await Promise.all(found)).flat()
}

interface Standing {
  readonly balancer: Pick<FleetBalancer, 'loadBalancerArn' | 'loadBalancerName'>
  readonly fleets: readonly GroupFleet[]
  readonly signal: AbortSignal | undefined
}

async function zonesOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  { balancer: { loadBalancerArn, loadBalancerName: subject }, fleets, signal }: Standing,
): Promise<Findings> {
  return looking({ subject, expected: 'an active load balancer over two zones', signal }, async () => {
    const [answer, groups] = await Promise.all([
      cloud
        .region(service.region)
        .elbv2.send(
          new DescribeLoadBalancersCommand({ LoadBalancerArns: [loadBalancerArn] }),
          abortable(signal),
        ),
      groupsOf(cloud, service, fleets, signal),
    ])
    const balancer = answer.LoadBalancers?.[0]
    const enabled = balancer?.AvailabilityZones?.map((zone) => zone.ZoneName ?? '') ?? []
    const grouped = [...groups.values()].flatMap((group) => group.AvailabilityZones ?? [])
    return [
      ...active(subject, balancer?.State?.Code, balancer?.State?.Reason),
      ...spread(subject, enabled, 'enable subnets in another zone'),
      ...[...groups].flatMap(([name, group]) =>
        spread(name, group.AvailabilityZones ?? [], 'add a subnet in another zone to the group'),
      ),
      ...covered(subject, enabled, grouped),
    ]
  })
}

function active(subject: string, state: string | undefined, reason: string | undefined): Findings {
  if (state === 'active') return []
  const what = {
    subject,
    expected: 'active',
    seen: `${state ?? 'no state'}${reason ? ` (${reason})` : ''}`,
    hint: 'look at DescribeLoadBalancers: State.Reason',
  }
  return [state === 'provisioning' ? waiting(what) : wrong(what)]
}

function spread(subject: string, names: readonly string[], hint: string): Findings {
  const distinct = new Set(names)
  if (distinct.size >= 2) return []
  return [wrong({ subject, expected: 'two zones or more', seen: list(distinct), hint })]
}

function covered(subject: string, enabled: readonly string[], grouped: readonly string[]): Findings {
  const missing = [...new Set(grouped)].filter((zone) => !enabled.includes(zone))
  if (missing.length === 0) return []
  const hint = `enable ${list(missing)} on the load balancer, or take it from the group`
  return [
    wrong({
      subject,
      expected: `every zone of its groups (${list(new Set(grouped))})`,
      seen: list(enabled),
      hint,
    }),
  ]
}
