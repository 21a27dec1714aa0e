import type { Clock, Timer } from './clock.ts'
import { SluiceError } from './errors.ts'

/**
 * A clock for simulation. Time stands still while there is anything to do, and then steps to what is due next, in order:
 * nothing takes longer than it says, and the same work gives the same course. Cloud and wall time are one here.
 */
export interface VirtualClock extends Clock {
  /** Lets time pass until `work` has ended. Rejects when nothing is due any more and it has not. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Time stands still until `work` has ended: what it does takes real time that is not to be seen. */
  still<T>(work: () => Promise<T>): Promise<T>
  /** Within work for which time stands still: lets it pass until `work` has ended. */
  passing<T>(work: () => Promise<T>): Promise<T>
}

/** Instants near the present are a quarter of a microsecond apart as numbers: a shorter wait would never end. */
const LEAST_STEP = 1 / 1024

/** Turns of the event loop in which nothing is due until that is taken for good. */
const IDLE_TURNS = 10_000

interface Due {
  readonly at: number
  readonly order: number
  readonly callback: () => void
  /** In the queue. */
  place: number
}

const GONE = -1

export function virtualClock(start: number): VirtualClock {
  const queue = createQueue()
  let now = start
  let order = 0
  let held = 0

  const timer = (ms: number, callback: () => void): Timer => {
    // A wait that is no number is due at once, as with Node's own timers.
    const wait = ms > 0 ? Math.max(ms, LEAST_STEP) : 0
    const due: Due = { at: now + wait, order: order++, callback, place: GONE }
    queue.push(due)
    return { cancel: () => queue.remove(due) }
  }
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const waiting = timer(ms, () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      })
      const abort = (): void => {
        waiting.cancel()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', abort, { once: true })
    })
  const holding = async <T>(by: 1 | -1, work: () => Promise<T>): Promise<T> => {
    held += by
    try {
      return await work()
    } finally {
      held -= by
    }
  }
  /** Goes on to what is due next; returns whether there was anything. */
  const step = (): boolean => {
    const due = queue.pop()
    if (!due) return false
    now = Math.max(now, due.at)
    due.callback()
    return true
  }
  const time = { now: () => now, sleep, timer }
  return {
    spec: { kind: 'virtual' },
    scale: 1,
    ...time,
    wall: time,
    still: (work) => holding(1, work),
    passing: (work) => holding(-1, work),
    async run(work) {
      let ended = false
      const end = (): void => {
        ended = true
      }
      const working = work()
      working.then(end, end)
      let idle = 0
      while (!ended) {
        // All promises and ticks that can run do so before the event loop has turned once.
        await turn()
        if (ended || held > 0) continue
        idle = step() ? 0 : idle + 1
        if (idle > IDLE_TURNS) break
      }
      if (ended) return working
      throw new SluiceError('internal', 'what is simulated waits for something that never comes')
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A binary heap: by instant, and among equals in the order of coming. Most waits are called off: they leave it at once. */
function createQueue() {
  const heap: Due[] = []
  const before = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
  const put = (due: Due, place: number): void => {
    heap[place] = due
    due.place = place
  }
  const rise = (due: Due, from: number): void => {
    let at = from
    while (at > 0) {
      const parent = heap[(at - 1) >> 1]
      if (!parent || before(parent, due)) break
      put(parent, at)
      at = (at - 1) >> 1
    }
    put(due, at)
  }
  const sink = (due: Due, from: number): void => {
    let at = from
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      if (!left) break
      const child = right && before(right, left) ? right : left
      if (before(due, child)) break
      const place = child.place
      put(child, at)
      at = place
    }
    put(due, at)
  }
  const remove = (due: Due): void => {
    const { place } = due
    if (heap[place] !== due) return
    due.place = GONE
    const last = heap.pop()
    if (!last || last === due) return
    const parent = heap[(place - 1) >> 1]
    if (place > 0 && parent && before(last, parent)) rise(last, place)
    else sink(last, place)
  }
  return {
    push: (due: Due): void => rise(due, heap.length),
    remove,
    pop(): Due | undefined {
      const [first] = heap
      if (first) remove(first)
      return first
    },
  }
}
