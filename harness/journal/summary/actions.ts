import type { JournalEvent } from '../event.ts'
import type { ActionSummary, RepeatableFigures } from '../summary.ts'
import { boundsOf, eventsOf } from './events.ts'

/** Every action with its outcome; one whose outcome is not recorded is unfinished. */
export function actionsOf(events: readonly JournalEvent[]): readonly ActionSummary[] {
  const outcomes = new Map(eventsOf(events, 'action-ended').map((ended) => [ended.id, ended]))
  const now = boundsOf(events)?.last.at ?? 0
  return eventsOf(events, 'action-intended').map(({ id, scope, kind, what, at }) => {
    const ended = outcomes.get(id)
    return {
      id,
      scope,
      kind,
      what,
      from: at,
      to: ended ? Math.max(at, ended.at) : now,
      outcome: ended?.outcome ?? 'unfinished',
      tookWallMs: ended?.tookWallMs ?? 0,
      calls: ended?.calls ?? 0,
      error: ended?.error,
    }
  })
}

export function repeatableFigures(events: readonly JournalEvent[]): RepeatableFigures {
  const kinds = new Map<string, { kind: string; n: number; calls: number }>()
  const ended = eventsOf(events, 'action-ended')
  const done = ended.filter(({ outcome }) => outcome === 'done')
  for (const { kind, calls } of done) {
    const entry = kinds.get(kind) ?? { kind, n: 0, calls: 0 }
    kinds.set(kind, { kind, n: entry.n + 1, calls: entry.calls + calls })
  }
  return {
    planHash: eventsOf(events, 'deployment-started')[0]?.planHash ?? '',
    changes: [...kinds.values()],
    changed: done.length,
    calls: ended.reduce((sum, { calls }) => sum + calls, 0),
    all: eventsOf(events, 'deployment-ended').at(-1)?.calls,
    failed: ended.length - done.length,
  }
}
