import type { Worker } from 'node:worker_threads'
import { wallClock } from '../clock.ts'
import { SluiceError } from '../errors.ts'
import type { WritesReport } from '../probe.ts'
import type { Order } from './messages.ts'

export type NewOrder =
  | {
      readonly kind: 'enter'
      readonly stage: string
      readonly as?: Readonly<Record<string, string>> | undefined
    }
  | { readonly kind: 'flush' }
  | { readonly kind: 'read-back'; readonly when: 'meanwhile' | 'last' }
  | { readonly kind: 'stop' }

/** Orders to the probe's thread, each awaited until the thread has carried it out. */
export interface Orders {
  /** Rejects after `limit` wall milliseconds without an answer. */
  send(order: NewOrder, limit: number): Promise<WritesReport>
  done(id: number, writes: WritesReport): void
  /** Rejects every order under way. */
  fail(because: SluiceError): void
}

interface UnderWay {
  settle(result: WritesReport | SluiceError): void
}

export function createOrders(worker: Worker): Orders {
  const underWay = new Map<number, UnderWay>()
  let lastId = 0
  return {
    send(order, limit) {
      lastId += 1
      const id = lastId
      const { promise, resolve, reject } = Promise.withResolvers<WritesReport>()
      const timer = wallClock.timer(limit, () => underWay.get(id)?.settle(unanswered(order, limit)))
      underWay.set(id, {
        settle(result) {
          underWay.delete(id)
          timer.cancel()
          if (result instanceof SluiceError) reject(result)
          else resolve(result)
        },
      })
      worker.postMessage({ ...order, id } satisfies Order)
      return promise
    },
    done: (id, writes) => underWay.get(id)?.settle(writes),
    fail(because) {
      for (const one of [...underWay.values()]) one.settle(because)
    },
  }
}

function unanswered(order: NewOrder, limit: number): SluiceError {
  const what = order.kind === 'enter' ? `enter stage ${order.stage}` : order.kind
  return new SluiceError('timeout', `the probe did not carry out "${what}" within ${Math.round(limit)} ms`)
}
