import {
  AutoScalingServiceException,
  DescribeAutoScalingGroupsCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling'
import type { RegionClients } from '../cloud.ts'
import type { FleetName } from '../strategy.ts'

/**
 * Whether an Auto Scaling group is there. That a description does not show it is no proof: descriptions may be stale. A change
 * that changes nothing is refused by what is the case (Auto Scaling API, UpdateAutoScalingGroup: a group that is not there is a
 * ValidationError). Who may not change what is not there is told that only, and then the description is all there is.
 */
export async function groupExists(
  { autoScaling }: Pick<RegionClients, 'autoScaling'>,
  name: FleetName,
  signal: AbortSignal,
): Promise<boolean> {
  const input = { AutoScalingGroupNames: [name], IncludeInstances: false }
  const options = { abortSignal: signal }
  const { AutoScalingGroups: shown = [] } = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand(input),
    options,
  )
  if (shown.length > 0) return true
  try {
    await autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: name }), options)
    return true
  } catch (thrown) {
    if (thrown instanceof AutoScalingServiceException && ABSENT.has(thrown.name)) return false
    throw thrown
  }
}

const ABSENT = new Set(['ValidationError', 'AccessDenied', 'AccessDeniedException'])
