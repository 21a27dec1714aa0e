import type { Timer, WallClock } from '../../clock.ts'
import type { InProcess } from '../../connect/in-process.ts'
import type { VirtualClock } from '../../virtual-clock.ts'

/**
 * The life of one process of the harness, which may be cut short. From then on nothing of it happens any more: its timers
 * do not go off, its calls are not sent, and what is under way is never answered, as when a machine loses its power.
 */
export interface Life {
  readonly clock: VirtualClock
  readonly inProcess: InProcess
  readonly ended: boolean
  /** Never resolves while the process lives. */
  readonly end: Promise<void>
  /** What was sent is carried out; nobody hears of it. */
  die(): void
}

export function beginLife(parent: InProcess): Life {
  const end = Promise.withResolvers<void>()
  let ended = false
  const never = <T>(): Promise<T> => new Promise(() => {})
  const { clock: time } = parent
  const timer = (ms: number, callback: () => void): Timer =>
    time.timer(ms, () => {
      if (!ended) callback()
    })
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    if (ended) return never()
    try {
      await time.sleep(ms, signal)
    } finally {
      if (ended) await never()
    }
  }
  const wall: WallClock = { now: time.now, timer, sleep }
  const clock: VirtualClock = { ...time, ...wall, wall }
  const handler = parent.requestHandler as { handle(request: unknown, options: unknown): Promise<unknown> }
  return {
    clock,
    inProcess: {
      ...parent,
      clock,
      requestHandler: {
        async handle(request: unknown, options: unknown) {
          // Time passes though nobody will ever hear: a call that stood still for good would stop the world.
          if (ended) return time.passing(never)
          const answer = await handler.handle(request, options)
          return ended ? time.passing(never) : answer
        },
      } as InProcess['requestHandler'],
    },
    get ended() {
      return ended
    },
    end: end.promise,
    die() {
      ended = true
      end.resolve()
    },
  }
}
