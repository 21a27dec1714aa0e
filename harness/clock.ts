import { setMaxListeners } from 'node:events'

/**
 * The one place that knows time. Two times run side by side:
 *
 * - **cloud time** is what AWS, bakes, drains and intervals are counted in. It may run faster than the wall
 *   (`scale` 60: a cloud minute passes in a second).
 * - **wall time** is real time. What crosses a socket (latencies, request and health-check time-outs, the
 *   probe's schedule) is counted in it, or a busy laptop would invent failures.
 *
 * All instants are milliseconds since the Unix epoch, all durations milliseconds.
 */
export interface Clock {
  readonly spec: ClockSpec
  /** Cloud milliseconds per wall millisecond. */
  readonly scale: number
  /** The present instant in cloud time. */
  now(): number
  /** Resolves after `ms` of cloud time; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls back after `ms` of cloud time. Does not keep the process alive. */
  timer(ms: number, callback: () => void): Timer
  readonly wall: WallClock
}

export interface WallClock {
  /** The present instant, with sub-millisecond resolution. */
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  timer(ms: number, callback: () => void): Timer
}

/** Stops a timer; harmless when it has fired already. */
export type Timer = { cancel(): void }

/** A clock as plain data: another process that is given it shares the same cloud time. */
export type ClockSpec =
  | { readonly kind: 'real' }
  | {
      readonly kind: 'scaled'
      readonly scale: number
      /** The wall instant and the cloud instant that coincide. */
      readonly wallOrigin: number
      readonly cloudOrigin: number
    }
  /** Steps from one instant to the next; of one process alone (`virtual-clock.ts`). */
  | { readonly kind: 'virtual' }

/** The longest delay Node's timers take; longer waits are cut into pieces. */
const LONGEST_DELAY = 2 ** 31 - 1

const wallNow = (): number => performance.timeOrigin + performance.now()

function timer(ms: number, callback: () => void): Timer {
  let handle: NodeJS.Timeout
  const arm = (left: number): void => {
    const delay = Math.min(Math.max(left, 0), LONGEST_DELAY)
    handle = setTimeout(() => (left > delay ? arm(left - delay) : callback()), delay)
    handle.unref()
  }
  arm(ms)
  return { cancel: () => clearTimeout(handle) }
}

/** Never shorter than asked: Node's timers count whole milliseconds, and may fire within the last one. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  const until = wallNow() + ms
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const arm = (left: number) => setTimeout(finish, Math.min(Math.max(left, 0), LONGEST_DELAY))
    let handle = arm(ms)
    const abort = (): void => {
      clearTimeout(handle)
      reject(signal?.reason)
    }
    function finish(): void {
      const left = until - wallNow()
      if (left > 0) {
        handle = arm(left)
        return
      }
      signal?.removeEventListener('abort', abort)
      resolve()
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}

export const wallClock: WallClock = { now: wallNow, sleep, timer }

export function createClock(spec: ClockSpec): Clock {
  if (spec.kind === 'real') {
    return { spec, scale: 1, now: wallNow, sleep, timer, wall: wallClock }
  }
  if (spec.kind === 'virtual') throw new Error("virtual time cannot be shared: it is one process's own")
  const { scale, wallOrigin, cloudOrigin } = spec
  return {
    spec,
    scale,
    now: () => cloudOrigin + (wallNow() - wallOrigin) * scale,
    sleep: (ms, signal) => sleep(ms / scale, signal),
    timer: (ms, callback) => timer(ms / scale, callback),
    wall: wallClock,
  }
}

/** A clock whose cloud time starts now and runs `scale` times as fast as the wall. */
export function scaledClock(scale: number): Clock {
  const now = wallNow()
  return createClock(
    scale === 1 ? { kind: 'real' } : { kind: 'scaled', scale, wallOrigin: now, cloudOrigin: now },
  )
}

export const realClock: Clock = createClock({ kind: 'real' })

/**
 * A signal that aborts after `ms` of wall or cloud time (whichever `timer` counts in), or when `parent` does,
 * whichever is first. Dispose it when the work is done, or the timer lives on.
 */
export function deadline(
  time: Pick<Clock, 'timer'> | WallClock,
  ms: number,
  reason: () => Error,
  parent?: AbortSignal,
): Disposable & { readonly signal: AbortSignal } {
  const own = new AbortController()
  const handle = time.timer(ms, () => own.abort(reason()))
  const signal = parent ? AbortSignal.any([own.signal, parent]) : own.signal
  setMaxListeners(0, signal)
  return { signal, [Symbol.dispose]: () => handle.cancel() }
}
