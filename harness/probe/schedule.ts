import type { Timer, WallClock } from '../clock.ts'

/** An open arrival schedule: request `i` is due at t0 + i / rate, whatever the answers do. */
export interface Schedule {
  /** Sends everything that is due by now, so that what follows applies to later requests only. */
  catchUp(): void
  stop(): void
}

export interface ScheduleOptions {
  /** Requests per wall second. */
  readonly rate: number
  readonly wall: WallClock
  /** Request `index` is due; `planned` is the wall instant it was planned for, `lag` how late this call is. */
  due(index: number, planned: number, lag: number): void
  /** So many requests were so late that sending them now would be a burst nobody planned. */
  missed(count: number): void
}

/** Later than this, wall milliseconds, a request is given up: the machine slept or was starved. */
export const GIVE_UP_AFTER = 1_000

export function startSchedule(options: ScheduleOptions): Schedule {
  const { rate, wall } = options
  const interval = 1_000 / rate
  const origin = wall.now()
  let index = 0
  let timer: Timer = { cancel: () => undefined }

  const giveUp = (now: number): void => {
    const oldest = Math.ceil((now - GIVE_UP_AFTER - origin) / interval)
    if (oldest <= index) return
    options.missed(oldest - index)
    index = oldest
  }
  const catchUp = (): void => {
    let now = wall.now()
    giveUp(now)
    for (let planned = origin + index * interval; planned <= now; planned = origin + index * interval) {
      options.due(index, planned, now - planned)
      index += 1
      now = wall.now()
    }
  }
  const tick = (): void => {
    catchUp()
    timer = wall.timer(origin + index * interval - wall.now(), tick)
  }

  tick()
  return { catchUp, stop: () => timer.cancel() }
}
