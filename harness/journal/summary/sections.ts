import type { JournalEvent } from '../event.ts'
import type { GateSummary, Section, TrafficPoint } from '../summary.ts'
import { boundsOf } from './events.ts'
import { scaleOf, waitedWithin } from './rapid.ts'

type Opening = Pick<Section, 'kind' | 'name'> & { readonly from: number; readonly wallFrom: number }

/** Cuts a deployment where a stage, the clearing up or the way back begins. */
export function sectionsOf(
  events: readonly JournalEvent[],
  gates: readonly GateSummary[],
  traffic: readonly TrafficPoint[],
): readonly Section[] {
  const last = boundsOf(events)?.last
  if (!last) return []
  const openings = events.flatMap((event) => opening(event))
  return openings.map((section, i) => {
    const following = openings[i + 1]
    const to = following?.from ?? last.at
    const wallMs = (following?.wallFrom ?? last.wallAt) - section.wallFrom
    const waitedMs = waitedWithin(events, { from: section.from, to })
    const within = (at: number): boolean =>
      (i === 0 || at >= section.from) && (following === undefined || at < to)
    const counts = traffic.filter((point) => within((point.from + point.to) / 2)).flatMap((p) => p.counts)
    return {
      kind: section.kind,
      name: section.name,
      from: section.from,
      to,
      wallMs,
      waitedMs,
      overheadWallMs: Math.max(0, wallMs - waitedMs / scaleOf(events)),
      gates: gatesWithin(events, gates, i),
      requests: counts.reduce((sum, { n }) => sum + n, 0),
      harmed: counts.reduce((sum, { n, outcome }) => sum + (outcome === 'ok' ? 0 : n), 0),
    }
  })
}

function opening(event: JournalEvent): readonly Opening[] {
  const { at: from, wallAt: wallFrom } = event
  if (event.type === 'deployment-started') return [{ kind: 'prepare', name: 'pre-deploy', from, wallFrom }]
  if (event.type === 'stage-started') return [{ kind: 'stage', name: event.name, from, wallFrom }]
  if (event.type === 'revert-started') return [{ kind: 'revert', name: 'revert', from, wallFrom }]
  if (event.type === 'phase' && event.to === 'finishing') {
    return [{ kind: 'finish', name: 'clear up', from, wallFrom }]
  }
  return []
}

/** By order of events, not by instant: a verdict and what follows from it may fall on the same millisecond. */
function gatesWithin(
  events: readonly JournalEvent[],
  gates: readonly GateSummary[],
  section: number,
): readonly GateSummary[] {
  let current = -1
  let gate = -1
  const found: GateSummary[] = []
  for (const event of events) {
    current += opening(event).length
    if (event.type !== 'gate-ended') continue
    gate += 1
    const summary = gates[gate]
    if (current === section && summary) found.push(summary)
  }
  return found
}
