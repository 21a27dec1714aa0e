import type { Cloud } from '../cloud.ts'
import { injectFault } from '../connect/faults.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import type { Findings } from './finding.ts'
import { type HealingOptions, heals } from './healing.ts'
import { terminateOne } from './self-healing.ts'

/** Of all calls, whoever makes them. The SDK tries each three times. */
const PERCENT = 30

/** Takes an instance while AWS throttles its APIs, and watches: it is replaced all the same, and no request fails. */
export const throttling = (
  cloud: Cloud,
  service: ServiceSnapshot,
  options: HealingOptions,
): Promise<Findings> =>
  heals(cloud, service, options, {
    what: 'it lost an instance and AWS throttled its APIs',
    needs: ['data-plane', 'faults'],
    failing: 'none',
    async begin(place) {
      const lost = await terminateOne(place)
      const which = { percentage: PERCENT }
      return {
        lost: [lost],
        fault: await injectFault(cloud, { action: 'aws:fis:inject-api-throttle-error', which }, place.signal),
      }
    },
  })
