import { TerminateInstanceInAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/observe.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import type { Findings } from './finding.ts'
import { type HealingOptions, heals, type Place } from './healing.ts'

/**
 * Takes one instance from the service, and watches: the group replaces it, and no request fails meanwhile. Auto
 * Scaling deregisters what it terminates first, so requests under way end (TerminateInstanceInAutoScalingGroup).
 */
export const selfHealing = (
  cloud: Cloud,
  service: ServiceSnapshot,
  options: HealingOptions,
): Promise<Findings> =>
  heals(cloud, service, options, {
    what: 'it lost an instance',
    needs: ['data-plane'],
    failing: 'none',
    begin: async (place) => ({ lost: [await terminateOne(place)] }),
  })

/** Terminates an instance of the fleet, which its group is to replace; resolves with its id. */
export async function terminateOne({ cloud, service, members: [victim], signal }: Place): Promise<string> {
  const replace = { InstanceId: victim.instanceId, ShouldDecrementDesiredCapacity: false }
  await cloud
    .region(service.region)
    .autoScaling.send(new TerminateInstanceInAutoScalingGroupCommand(replace), abortable(signal))
  return victim.instanceId
}
