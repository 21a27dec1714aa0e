import type { Cloud } from '../cloud.ts'
import { injectFault } from '../connect/faults.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import type { Findings } from './finding.ts'
import { type HealingOptions, heals } from './healing.ts'

/**
 * Takes the power from a zone, and watches: what ran there is replaced in the others, and once health checks have found
 * out, no request fails.
 */
export const zoneLoss = (
  cloud: Cloud,
  service: ServiceSnapshot,
  options: HealingOptions,
): Promise<Findings> =>
  heals(cloud, service, options, {
    what: 'it lost a zone',
    needs: ['data-plane', 'faults'],
    failing: 'undetected',
    async begin({ members, signal }) {
      const [{ zone }] = members
      const parameters = { availabilityZones: [zone] }
      const fault = await injectFault(cloud, { action: 'sluice:lose-zone', parameters }, signal)
      return {
        lost: members.filter((each) => each.zone === zone).map(({ instanceId }) => instanceId),
        fault,
      }
    },
  })
