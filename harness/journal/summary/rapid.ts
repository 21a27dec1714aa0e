import type { JournalEvent, WaitFor } from '../event.ts'
import type { RapidFigures } from '../summary.ts'
import { boundsOf, eventsOf } from './events.ts'

interface Interval {
  readonly from: number
  readonly to: number
}

export function rapidFigures(events: readonly JournalEvent[]): RapidFigures {
  const bounds = boundsOf(events)
  if (!bounds) {
    const nothing = { cloudMs: 0, wallMs: 0 }
    return { whole: nothing, waits: [], waitedMs: 0, overheadWallMs: 0, humanSteps: 0 }
  }
  const { first, last } = bounds
  const whole = { cloudMs: last.at - first.at, wallMs: last.wallAt - first.wallAt }
  const waitedMs = waitedWithin(events, { from: first.at, to: last.at })
  return {
    whole,
    waits: waitsByKind(events),
    waitedMs,
    overheadWallMs: Math.max(0, whole.wallMs - waitedMs / scaleOf(events)),
    humanSteps:
      eventsOf(events, 'approved').length + (eventsOf(events, 'deployment-ended')[0]?.left.length ?? 0),
  }
}

export const scaleOf = (events: readonly JournalEvent[]): number =>
  eventsOf(events, 'deployment-started')[0]?.cloud.scale ?? 1

function waitsByKind(events: readonly JournalEvent[]): RapidFigures['waits'] {
  const kinds = new Map<WaitFor, { for: WaitFor; ms: number; n: number }>()
  for (const wait of eventsOf(events, 'waited')) {
    const entry = kinds.get(wait.for) ?? { for: wait.for, ms: 0, n: 0 }
    kinds.set(wait.for, { for: wait.for, ms: entry.ms + wait.ms, n: entry.n + 1 })
  }
  return [...kinds.values()].sort((a, b) => b.ms - a.ms)
}

/**
 * Cloud time of an interval that waits cover. A wait is recorded when it ends; waits that overlap count once, so
 * that what Sluice adds itself is never understated.
 */
export function waitedWithin(events: readonly JournalEvent[], { from, to }: Interval): number {
  const waits = eventsOf(events, 'waited')
    .map(({ at, ms }) => ({ from: Math.max(from, at - ms), to: Math.min(to, at) }))
    .filter((wait) => wait.to > wait.from)
    .sort((a, b) => a.from - b.from)
  let covered = 0
  let until = from
  for (const wait of waits) {
    covered += Math.max(0, wait.to - Math.max(until, wait.from))
    until = Math.max(until, wait.to)
  }
  return covered
}
