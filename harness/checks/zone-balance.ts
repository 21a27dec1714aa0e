import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { groupsOf, inService } from './describe.ts'
import { type Findings, looking, waiting } from './finding.ts'

/**
 * Instances are spread evenly over the zones of their group: no zone has more than one above another. Auto Scaling
 * rebalances by itself, so an uneven spread is `waiting`.
 */
export async function zoneBalance(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const { signal } = options
  return looking(
    { subject: service.scope, expected: 'instances spread evenly over zones', signal },
    async () => {
      const groups = await groupsOf(cloud, service, groupsIn(service, options), signal)
      return [...groups].flatMap(([subject, group]) => {
        const counts = new Map((group.AvailabilityZones ?? []).map((zone) => [zone, 0]))
        for (const each of inService(group)) {
          const zone = each.AvailabilityZone ?? '?'
          counts.set(zone, (counts.get(zone) ?? 0) + 1)
        }
        const numbers = [...counts.values()]
        if (Math.max(0, ...numbers) - Math.min(...numbers) <= 1) return []
        const seen = [...counts].map(([zone, n]) => `${zone} ${n}`).join(', ')
        const hint = 'see that AZRebalance runs and that every zone has capacity'
        return waiting({ subject, expected: 'zones that differ by one instance at most', seen, hint })
      })
    },
  )
}
