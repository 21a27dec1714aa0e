import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type CheckOptions, lacking } from './check.ts'
import { DEFAULT_LIMIT, type ErrorLimit, errorShare } from './error-share.ts'
import { type Findings, looking, wrong } from './finding.ts'
import { askEach, didAnswer, isNotOffered, placesOf, type Reply } from './offered.ts'

/** At every place, unless told. */
const WRITES = 2

export interface RouteOptions extends CheckOptions {
  readonly limit?: ErrorLimit | undefined
  /** Requests at every place; 2 unless told. Fewer do where the probe has asked all along. */
  readonly times?: number | undefined
}

/**
 * What any fleet or the load balancer acknowledged can be read through every other: releases share their data. A
 * service that takes no orders anywhere is not held to it; one fleet alone that does not is wrong.
 */
export async function writesReadable(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: RouteOptions,
): Promise<Findings> {
  const { signal, limit = DEFAULT_LIMIT, times = WRITES } = options
  const subject = `${service.scope} /orders`
  const expected = 'an acknowledged order to be readable everywhere'
  const lacks = lacking(cloud, service, ['data-plane'], expected)
  if (lacks.length > 0) return lacks
  return looking({ subject, expected, signal }, async () => {
    const places = await placesOf(cloud, service, options)
    const order = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ORDER,
      signal,
    } as const
    const written = await askEach(cloud, places, '/orders', order, times)
    if (written.every((reply) => isNotOffered(reply) || !didAnswer(reply))) return []
    const reads = await Promise.all(
      written.map(async (write) => {
        const id = acknowledged(write)
        if (id === undefined) return []
        const path = `/orders/${encodeURIComponent(id)}`
        return (await askEach(cloud, places, path, { signal })).map((read) => ({ id, write, read }))
      }),
    )
    const replies = [...written, ...reads.flat().map(({ read }) => read)]
    return [
      ...errorShare(
        subject,
        replies.map(({ asked }) => asked),
        limit,
      ),
      ...written.flatMap((write) => refused(subject, write)),
      ...reads.flat().flatMap(({ id, write, read }) => unreadable(subject, id, write, read)),
    ]
  })
}

const ORDER = JSON.stringify({ item: 'sluice gate check', quantity: 1 })

/** The id of an order that was taken; undefined when the write was not acknowledged. */
function acknowledged({ asked: { answer } }: Reply): string | undefined {
  if (!answer || answer.status < 200 || answer.status > 299) return undefined
  try {
    const body: unknown = JSON.parse(answer.body)
    const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : undefined
    return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
  } catch {
    return undefined // Reported by `refused`: acknowledged without an id.
  }
}

function refused(subject: string, write: Reply): Findings {
  if (!didAnswer(write) || acknowledged(write) !== undefined) return []
  const seen = `${write.name} answered ${write.asked.answer?.status} without an order id`
  const hint = 'other instances of the service take such an order'
  return [wrong({ subject, expected: 'the order to be taken', seen, hint })]
}

/** An error is the error share's affair; `not found` for what was acknowledged is a lost write. */
function unreadable(subject: string, id: string, write: Reply, read: Reply): Findings {
  if (!didAnswer(read)) return []
  const { answer } = read.asked
  const same = answer?.status === 200 && answer.body === write.asked.answer?.body
  if (same) return []
  return [
    wrong({
      subject,
      expected: `order ${id}, taken by ${write.name}, to be read as it was written`,
      seen: `${read.name} answered ${answer?.status}`,
      hint: 'the releases do not share their orders, or one of them loses or changes them',
    }),
  ]
}
