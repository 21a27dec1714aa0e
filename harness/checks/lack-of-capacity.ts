import type { Cloud } from '../cloud.ts'
import { injectFault } from '../connect/faults.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import type { Findings } from './finding.ts'
import { type HealingOptions, heals } from './healing.ts'
import { terminateOne } from './self-healing.ts'

/** Cloud milliseconds for which AWS has no capacity: launches fail and are tried again. */
const LASTS = 120_000

/**
 * Takes an instance while AWS has none to give in its place (InsufficientInstanceCapacity), and watches: those that are
 * left serve without a failed request, and it is replaced when there is capacity again.
 */
export const lackOfCapacity = (
  cloud: Cloud,
  service: ServiceSnapshot,
  options: HealingOptions,
): Promise<Findings> =>
  heals(cloud, service, options, {
    what: 'it lost an instance and AWS had no capacity',
    needs: ['data-plane', 'faults'],
    failing: 'none',
    async begin(place) {
      const fault = await injectFault(
        cloud,
        {
          action: 'aws:ec2:asg-insufficient-instance-capacity-error',
          parameters: { autoScalingGroups: [place.fleet.autoScalingGroupName] },
        },
        place.signal,
      )
      return { lost: [await terminateOne(place)], fault, lasts: LASTS }
    },
  })
