import type { JournalEvent } from '../event.ts'
import { count, counted } from '../figures.ts'
import type { RecoverableFigures, SharePoint, Span, WayBack } from '../summary.ts'
import { boundsOf, type EventOf, eventsOf } from './events.ts'
import { scaleOf } from './rapid.ts'
import { downtime } from './traffic.ts'

export function recoverableFigures(
  events: readonly JournalEvent[],
  shares: readonly SharePoint[],
): RecoverableFigures {
  const reverted = eventsOf(events, 'revert-started').at(-1)
  const wayBack = reverted && wayBackOf(events, shares, reverted)
  const { all, announced } = downtime(events)
  return {
    wayBack,
    sentence: wayBack ? taken(wayBack) : notTaken(events),
    downtime: all,
    announcedDowntime: announced,
  }
}

function wayBackOf(
  events: readonly JournalEvent[],
  shares: readonly SharePoint[],
  reverted: EventOf<'revert-started'>,
): WayBack {
  const scale = scaleOf(events)
  const span = (cloudMs: number): Span => ({ cloudMs, wallMs: cloudMs / scale })
  const later = events.filter(({ seq }) => seq > reverted.seq)
  // Of several sites, the last one that has its traffic again.
  const allRestored = eventsOf(later, 'traffic-restored')
  const restored = allRestored.at(-1)
  const lastSeen = eventsOf(later, 'last-seen').at(-1)
  const end = boundsOf(events)?.last ?? reverted
  const { detectedAt, decidedAt } = reverted
  const to = eventsOf(events, 'deployment-started')[0]?.plan.to ?? ''
  const exposed = shares.findLast(({ at, shares }) => at <= detectedAt && (shares[to] ?? 0) > 0)
  return {
    cause: reverted.cause,
    stage: reverted.stage,
    sentence: reverted.sentence,
    detectedAt,
    decidedAt,
    restoredAt: restored && decidedAt + restored.afterVerdictMs,
    lastSeenAt: lastSeen && decidedAt + lastSeen.afterVerdictMs,
    endedAt: end.at,
    detect: exposed && span(detectedAt - exposed.at),
    decide: span(Math.max(0, decidedAt - detectedAt)),
    call: restored && { cloudMs: restored.afterVerdictMs, wallMs: restored.afterVerdictWallMs },
    calls: restored && allRestored.reduce((sum, { calls }) => sum + calls, 0),
    observedZero: lastSeen && { cloudMs: lastSeen.afterVerdictMs, wallMs: lastSeen.afterVerdictWallMs },
    whole: { cloudMs: end.at - decidedAt, wallMs: end.wallAt - reverted.decidedWallAt },
  }
}

function taken(wayBack: WayBack): string {
  if (!wayBack.call)
    return 'The way back was begun, but nothing confirmed that the old release has all traffic.'
  const calls = counted(wayBack.calls ?? 0, 'call')
  return wayBack.observedZero
    ? `Traffic went back with ${calls}; the probe saw the new release answer for the last time after that.`
    : `Traffic went back with ${calls}; the probe never saw the new release answer.`
}

function notTaken(events: readonly JournalEvent[]): string {
  const ended = eventsOf(events, 'deployment-ended')[0]
  if (!ended) return 'No way back was begun.'
  if (ended.state === 'untouched' || ended.state === 'nothing-to-do') {
    return 'Nothing was changed, so nothing had to be put back.'
  }
  const gates = eventsOf(events, 'gate-ended')
  const tests = gates.reduce((sum, { tests }) => sum + tests.length, 0)
  return `No way back was needed, so none was timed. Exercised instead: ${counted(gates.length, 'gate')} with ${count(tests)} checks, each of which could have turned it back.`
}
