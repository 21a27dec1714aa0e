import { DescribeInstanceRefreshesCommand, type InstanceRefresh } from '@aws-sdk/client-auto-scaling'
import type { RegionClients } from '../cloud.ts'

/** States in which a refresh still replaces instances, or may again (Auto Scaling API reference, InstanceRefresh). */
const UNDER_WAY = ['Pending', 'InProgress', 'Cancelling', 'Baking', 'RollbackInProgress']

export const isUnderWay = (refresh: InstanceRefresh | undefined): boolean =>
  UNDER_WAY.includes(refresh?.Status ?? '')

/** The instance refresh of a group that has not ended: there is one at most. */
export async function activeRefresh(
  clients: RegionClients,
  group: string,
  signal?: AbortSignal,
): Promise<InstanceRefresh | undefined> {
  const { InstanceRefreshes: refreshes = [] } = await clients.autoScaling.send(
    new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: group }),
    signal ? { abortSignal: signal } : {},
  )
  return refreshes.find(isUnderWay)
}

/** One refresh as it stands. */
export async function refreshNamed(
  clients: RegionClients,
  group: string,
  id: string,
  signal: AbortSignal,
): Promise<InstanceRefresh | undefined> {
  const { InstanceRefreshes: [found] = [] } = await clients.autoScaling.send(
    new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: group, InstanceRefreshIds: [id] }),
    { abortSignal: signal },
  )
  return found
}
