import type { ScheduleSummary } from '../gate.ts'

/**
 * A schedule summary that can be summed: percentiles cannot, counts can. `lags[i]` requests were sent at most
 * `LAG_BOUNDS[i]` wall milliseconds late; trailing zeros are left out.
 */
export interface ScheduleCounts extends ScheduleSummary {
  readonly lags?: readonly number[]
}

const LAG_BOUNDS = [
  0.5,
  1,
  1.5,
  2,
  3,
  4,
  5,
  7.5,
  10,
  15,
  20,
  30,
  50,
  75,
  100,
  150,
  200,
  300,
  500,
  750,
  Number.POSITIVE_INFINITY,
]

export function countLags(values: Iterable<number>): readonly number[] {
  const counts: number[] = []
  for (const value of values) add(counts, slot(value), 1)
  return counts
}

/** A summary without counts is taken at its worst: as if every request had been as late as its 99th percentile. */
function lagsOf(schedule: ScheduleCounts): readonly number[] {
  if (schedule.lags || schedule.planned === 0) return schedule.lags ?? []
  const counts: number[] = []
  add(counts, slot(schedule.lagP99), schedule.planned)
  return counts
}

/**
 * Sums schedules. `lagP99` is the upper bound of the class that holds it, and never more than the greatest of the
 * parts, which bounds the percentile of the whole.
 */
export function sumSchedules(parts: readonly ScheduleCounts[]): ScheduleCounts {
  const lags: number[] = []
  const sum = { planned: 0, sent: 0, dropped: 0, greatest: 0 }
  for (const part of parts) {
    for (const [at, n] of lagsOf(part).entries()) add(lags, at, n)
    sum.planned += part.planned
    sum.sent += part.sent
    sum.dropped += part.dropped
    sum.greatest = Math.max(sum.greatest, part.lagP99)
  }
  const { planned, sent, dropped, greatest } = sum
  // How many are overdue is a level, not a count: the last part's is the whole's.
  const overdue = parts.at(-1)?.overdue ?? 0
  const lagP99 = Math.min(percentile99(lags), greatest)
  return { planned, sent, dropped, lagP99, lags, ...(overdue > 0 ? { overdue } : {}) }
}

function percentile99(lags: readonly number[]): number {
  const rank = Math.ceil(lags.reduce((sum, n) => sum + n, 0) * 0.99)
  let seen = 0
  for (const [at, n] of lags.entries()) {
    seen += n
    if (seen >= rank && rank > 0) return LAG_BOUNDS[at] ?? Number.POSITIVE_INFINITY
  }
  return 0
}

const slot = (value: number): number => LAG_BOUNDS.findIndex((bound) => value <= bound)

function add(counts: number[], at: number, n: number): void {
  while (counts.length <= at) counts.push(0)
  counts[at] = (counts[at] ?? 0) + n
}
