import { paginateDescribeLoadBalancerTargetGroups } from '@aws-sdk/client-auto-scaling'
import type { RegionClients } from '../cloud.ts'
import type { FleetName, ServiceSnapshot } from '../strategy.ts'

/** The share of a fleet whose group is attached. */
export const ATTACHED = 100

/** Whether a fleet shares the service's target group, and its own group is not attached to it. */
export const isDetached = ({ entry, shares }: ServiceSnapshot, fleet: FleetName): boolean =>
  entry.via === 'registration' && (shares[fleet] ?? 0) === 0

/**
 * Whether a group is attached to a target group. What lets go of it is not: its instances are being deregistered
 * (Auto Scaling API, LoadBalancerTargetGroupState: `Removing`).
 */
export async function isAttached(
  { autoScaling }: Pick<RegionClients, 'autoScaling'>,
  groupName: string,
  targetGroupArn: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const input = { AutoScalingGroupName: groupName }
  const options = signal ? { abortSignal: signal } : {}
  for await (const page of paginateDescribeLoadBalancerTargetGroups(
    { client: autoScaling },
    input,
    options,
  )) {
    for (const { LoadBalancerTargetGroupARN: arn, State: state } of page.LoadBalancerTargetGroups ?? [])
      if (arn === targetGroupArn) return !LEAVING.has(state ?? '')
  }
  return false
}

const LEAVING = new Set(['Removing', 'Removed'])
