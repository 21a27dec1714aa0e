import { type Timer, wallClock } from '../clock.ts'
import type { SluiceError } from '../errors.ts'

/** The first failure of the probe, and who was told of it. */
export interface FailureNews {
  report(failure: SluiceError): void
  reported(): SluiceError | undefined
  listen(listener: (failure: SluiceError) => void): void
  /** Throws a failure that no listener was told of. */
  throwUnheard(): void
}

export function createFailure(first: (failure: SluiceError) => void): FailureNews {
  const listeners: ((failure: SluiceError) => void)[] = []
  let reported: SluiceError | undefined
  return {
    report(failure) {
      if (reported) return
      reported = failure
      first(failure)
      for (const listener of listeners) listener(failure)
    },
    reported: () => reported,
    listen(listener) {
      listeners.push(listener)
      if (reported) listener(reported)
    },
    throwUnheard() {
      if (reported && listeners.length === 0) throw reported
    },
  }
}

/** Notices that a thread sends nothing any more although it should. */
export interface Watch {
  heard(): void
  stop(): void
}

/**
 * Calls `silent` when nothing was heard for two intervals in a row. Two, because a busy main thread runs its timers before
 * it reads what the probe has sent meanwhile.
 */
export function createWatch(interval: number, silent: (ms: number) => void): Watch {
  let misses = 0
  let timer: Timer
  const arm = (): void => {
    timer = wallClock.timer(interval, () => {
      misses += 1
      if (misses > 2) silent(2 * interval)
      else arm()
    })
  }
  arm()
  return {
    heard() {
      misses = 0
    },
    stop: () => timer.cancel(),
  }
}
