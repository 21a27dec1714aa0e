import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { groupsOf } from './describe.ts'
import { count, type Findings, looking, unknown, wrong } from './finding.ts'

/** There is room for a second fleet of the same size: in the group's bounds, and addresses in its subnets. */
export async function headroom(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const { signal } = options
  return looking({ subject: service.scope, expected: 'room for a second fleet', signal }, async () => {
    const groups = await groupsOf(cloud, service, groupsIn(service, options), signal)
    const found = [...groups].map(async ([subject, group]): Promise<Findings> => {
      const { DesiredCapacity: desired = 0, MaxSize: max = 0 } = group
      const ids = group.VPCZoneIdentifier?.split(',').map((id) => id.trim()) ?? []
      const bounds =
        desired <= max
          ? []
          : [
              wrong({
                subject,
                expected: `a maximum of ${desired} or more`,
                seen: `${max}`,
                hint: 'raise MaxSize',
              }),
            ]
      return [...bounds, ...(await addresses(cloud, service, { ids: ids.filter(Boolean), desired, signal }))]
    })
    return (await Promise.all(found)).flat()
  })
}

async function addresses(
  cloud: Cloud,
  service: ServiceSnapshot,
  { ids, desired, signal }: { ids: readonly string[]; desired: number; signal: AbortSignal | undefined },
): Promise<Findings> {
  if (ids.length === 0) return [] // In a default VPC the group names zones only.
  const { Subnets: subnets = [] } = await cloud
    .region(service.region)
    .ec2.send(new DescribeSubnetsCommand({ SubnetIds: [...ids] }), abortable(signal))
  const what = { subject: ids.join(', '), expected: `free addresses for ${count(desired, 'instance')}` }
  const free = subnets.map((subnet) => subnet.AvailableIpAddressCount)
  if (free.includes(undefined)) {
    return [unknown({ ...what, seen: 'the API does not tell', hint: 'look at DescribeSubnets' })]
  }
  const total = free.reduce<number>((sum, n) => sum + (n ?? 0), 0)
  if (total >= desired) return []
  return [wrong({ ...what, seen: `${total}`, hint: 'add a subnet, or free addresses in these' })]
}
