import { DescribeInstanceRefreshesCommand } from '@aws-sdk/client-auto-scaling'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { type Findings, looking, wrong } from './finding.ts'

/** States in which a refresh still replaces instances, or may again (Auto Scaling API reference, InstanceRefresh). */
const UNDER_WAY = ['Pending', 'InProgress', 'Cancelling', 'Baking', 'RollbackInProgress', 'RollbackFailed']

/** No instance refresh replaces instances of these fleets. */
export async function noRefresh(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const { signal } = options
  const expected = 'no instance refresh under way'
  const found = groupsIn(service, options).map(({ autoScalingGroupName: subject }) =>
    looking({ subject, expected, signal }, async () => {
      const { InstanceRefreshes: refreshes = [] } = await cloud
        .region(service.region)
        .autoScaling.send(
          new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: subject }),
          abortable(signal),
        )
      const running = refreshes.find((refresh) => UNDER_WAY.includes(refresh.Status ?? ''))
      if (!running) return []
      const seen = `refresh ${running.InstanceRefreshId} is ${running.Status}`
      return [wrong({ subject, expected, seen, hint: 'wait for it to end, or cancel it' })]
    }),
  )
  return (await Promise.all(found)).flat()
}
