import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { lacking } from './check.ts'
import { DEFAULT_LIMIT, errorShare } from './error-share.ts'
import { type Findings, looking } from './finding.ts'
import { askEach, isNotOffered, placesOf } from './offered.ts'
import type { RouteOptions } from './writes-readable.ts'

/** Wall milliseconds that a request takes; enough to be under way while others are. */
const SLOW = 15
const REQUESTS = 2

/** Requests that take their time are answered whole. A service without such a route is not held to it. */
export async function slowRequest(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: RouteOptions,
): Promise<Findings> {
  const { signal, limit = DEFAULT_LIMIT, times = REQUESTS } = options
  const subject = `${service.scope} /slow`
  const expected = 'slow requests to end'
  const lacks = lacking(cloud, service, ['data-plane'], expected)
  if (lacks.length > 0) return lacks
  return looking({ subject, expected, signal }, async () => {
    const places = await placesOf(cloud, service, options)
    const replies = await askEach(cloud, places, `/slow?ms=${SLOW}`, { signal }, times)
    if (replies.every(isNotOffered)) return []
    return errorShare(
      subject,
      replies.map(({ asked }) => asked),
      limit,
    )
  })
}
