import { paginateDescribeInstances } from '@aws-sdk/client-ec2'
import type { TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { RegionClients } from '../cloud.ts'
import { abortable } from './abortable.ts'

/** A filter takes 200 values at most (EC2 API reference, DescribeInstances). */
const IDS_AT_ONCE = 200

/**
 * Without those targets whose instance has ended: on such nothing can be in flight, whatever is said of its health. On AWS it
 * is `unused` (Target.InvalidState; ELBv2 API reference, TargetHealth), elsewhere it may stay `healthy` for good. EC2 is asked
 * only about targets that neither drain nor are `members` of the group; one that it does not know stays a target.
 */
export async function standing(
  clients: RegionClients,
  targets: readonly TargetHealthDescription[],
  members: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<readonly TargetHealthDescription[]> {
  const doubtful = targets.flatMap(({ Target: { Id: id = '' } = {}, TargetHealth: health }) =>
    id.startsWith('i-') && !members.has(id) && health?.State !== 'draining' ? id : [],
  )
  if (doubtful.length === 0) return targets
  const ended = await terminatedOf(clients, doubtful, signal)
  return targets.filter(({ Target: target }) => !ended.has(target?.Id ?? ''))
}

async function terminatedOf(
  { ec2 }: RegionClients,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const Filters = [
      { Name: 'instance-id', Values: ids.slice(from, from + IDS_AT_ONCE) },
      { Name: 'instance-state-name', Values: ['terminated'] },
    ]
    for await (const { Reservations: all = [] } of paginateDescribeInstances(
      { client: ec2 },
      { Filters },
      abortable(signal),
    ))
      for (const { InstanceId: id } of all.flatMap(({ Instances = [] }) => Instances)) if (id) found.add(id)
  }
  return found
}
