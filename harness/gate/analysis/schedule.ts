import type { Evidence, Thresholds, TrafficWindow } from '../../gate.ts'
import { percent } from './tally.ts'

/** Share of planned requests that may go unsent. */
const MOST_DROPPED = 0.001
/** Share of the latency limit by which sends may lag behind their plan, in the 99th percentile. */
const MOST_LAG = 1 / 5

const dropped = ({ schedule }: TrafficWindow): number =>
  schedule.planned === 0 ? 0 : schedule.dropped / schedule.planned

const lagLimit = (thresholds: Thresholds): number => thresholds.latency.p99 * MOST_LAG

/** Whether the probe sent what it had planned when it had planned it. */
export function scheduleHeld(window: TrafficWindow, thresholds: Thresholds): boolean {
  return dropped(window) <= MOST_DROPPED && window.schedule.lagP99 <= lagLimit(thresholds)
}

/** A probe that fell behind its own schedule has not seen what users would have: never a reason to open. */
export function judgeSchedule(window: TrafficWindow, thresholds: Thresholds): Evidence {
  const { planned, dropped: missed, lagP99 } = window.schedule
  const held = scheduleHeld(window, thresholds)
  const limit = lagLimit(thresholds)
  const numbers = `${missed} of ${planned} requests (${percent(dropped(window))}) and lagged ${lagP99.toFixed(1)} ms at the 99th percentile`
  return {
    metric: 'probe schedule',
    status: held ? 'passed' : 'inconclusive',
    sentence: `the probe left out ${numbers}; held to ${percent(MOST_DROPPED)} and ${limit} ms`,
    n: { planned },
    effect: lagP99,
    bound: limit,
  }
}
