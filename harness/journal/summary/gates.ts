import type { JournalEvent } from '../event.ts'
import type { GateSummary } from '../summary.ts'
import { eventsOf } from './events.ts'

export function gatesOf(events: readonly JournalEvent[]): readonly GateSummary[] {
  return eventsOf(events, 'gate-ended').map(
    ({ phase, stage, index, at, verdict, tests, tookMs, bakedMs, suitesWallMs }) => ({
      phase,
      stage,
      index,
      at,
      verdict,
      tests,
      tookMs,
      bakedMs,
      suitesWallMs,
    }),
  )
}
