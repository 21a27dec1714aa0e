import { isAnnounced, isDowntime } from '../../downtime.ts'
import type { Outcome, TrafficCount } from '../../gate.ts'
import type { JournalEvent } from '../event.ts'
import { zeroFailureBound } from '../figures.ts'
import type { RequestFigures, Span, TrafficPoint } from '../summary.ts'
import { eventsOf } from './events.ts'
import { scaleOf } from './rapid.ts'
import { versionNames } from './versions.ts'

/** Answers below which a p99 says nothing. */
const ENOUGH_FOR_P99 = 20

/**
 * Traffic over time with lanes put together, and apart from it what went unanswered in downtime that was announced.
 * Versions are called as the whole deployment calls them, or `each` by its own name.
 */
export function trafficOf(
  events: readonly JournalEvent[],
  called: 'inWhole' | 'each' = 'inWhole',
): readonly TrafficPoint[] {
  const nameOf = versionNames(events)[called]
  return eventsOf(events, 'traffic').map(({ scope, bucket }) => {
    const sums = new Map<string, { version: string; outcome: Outcome; n: number }>()
    let announced = 0
    for (const { version: answered, outcome, n } of bucket.counts) {
      if (isAnnounced(bucket.stage, { version: answered, outcome })) {
        announced += n
        continue
      }
      const version = nameOf(scope, answered)
      const key = `${outcome} ${version}`
      sums.set(key, { version, outcome, n: n + (sums.get(key)?.n ?? 0) })
    }
    return { from: bucket.from, to: bucket.to, stage: bucket.stage, counts: [...sums.values()], announced }
  })
}

export function requestFigures(events: readonly JournalEvent[]): RequestFigures {
  const points = trafficOf(events, 'each')
  const counts = points.flatMap((point) => point.counts)
  const harmful = counts.filter(({ outcome }) => outcome !== 'ok')
  const total = sum(counts)
  const harmed = sum(harmful)
  const outcomes = [...new Set(harmful.map(({ outcome }) => outcome))]
  const versions = [...new Set(counts.map(({ version }) => version))]
  const { each } = versionNames(events)
  const traffic = eventsOf(events, 'traffic')
  const latencies = traffic.map(
    ({ scope, bucket: { latency } }): Latencies =>
      Object.fromEntries(Object.entries(latency).map(([version, seen]) => [each(scope, version), seen])),
  )
  return {
    total,
    ok: total - harmed,
    harmed,
    announced: points.reduce((all, { announced }) => all + announced, 0),
    byOutcome: outcomes
      .map((outcome) => ({ outcome, n: sum(harmful.filter((each) => each.outcome === outcome)) }))
      .sort((a, b) => b.n - a.n),
    byVersion: versions.map((version) => ({
      version,
      n: sum(counts.filter((each) => each.version === version)),
      harmed: sum(harmful.filter((each) => each.version === version)),
    })),
    byAnswer: answersOf(eventsOf(events, 'traffic').flatMap(({ bucket }) => bucket.counts)),
    bound: total > 0 && harmed === 0 ? zeroFailureBound(total) : undefined,
    latency: worstLatency(latencies),
    dropped: traffic.reduce((all, { bucket }) => all + bucket.schedule.dropped, 0),
  }
}

function answersOf(counts: readonly TrafficCount[]): RequestFigures['byAnswer'] {
  const led = counts.flatMap((each) => (each.answer === undefined ? [] : { ...each, answer: each.answer }))
  const groups = Map.groupBy(led, ({ answer, version }) => `${answer} ${version}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (!first) return []
    const bad = group.filter(({ outcome }) => outcome !== 'ok')
    return { answer: first.answer, version: first.version, n: sum(group), harmed: sum(bad) }
  })
}

const sum = (counts: readonly { readonly n: number }[]): number =>
  counts.reduce((total, { n }) => total + n, 0)

/** Not `Math.max`, whose arguments have a limit that a long deployment passes. */
const highest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), 0)

type Latencies = Readonly<Record<string, { readonly n: number; readonly p99: number; readonly max: number }>>

function worstLatency(buckets: readonly Latencies[]): RequestFigures['latency'] {
  const versions = [...new Set(buckets.flatMap((bucket) => Object.keys(bucket)))]
  const entries = versions.map((version) => {
    const seen = buckets.flatMap((bucket) => bucket[version] ?? [])
    const telling = seen.filter(({ n }) => n >= ENOUGH_FOR_P99).map(({ p99 }) => p99)
    const worst = {
      n: sum(seen),
      p99: telling.length > 0 ? highest(telling) : undefined,
      max: highest(seen.map(({ max }) => max)),
    }
    return [version, worst] as const
  })
  return Object.fromEntries(entries)
}

/** Time in which requests were sent and not one was answered ok: all of it, and that which was announced. */
export function downtime(events: readonly JournalEvent[]): { readonly all: Span; readonly announced: Span } {
  const scale = scaleOf(events)
  const dead = trafficOf(events).filter(
    ({ counts, announced }) =>
      sum(counts) + announced > 0 && counts.every(({ outcome, n }) => outcome !== 'ok' || n === 0),
  )
  const span = (points: readonly TrafficPoint[]): Span => {
    const cloudMs = points.reduce((total, { from, to }) => total + (to - from), 0)
    return { cloudMs, wallMs: cloudMs / scale }
  }
  return { all: span(dead), announced: span(dead.filter(({ stage }) => isDowntime(stage))) }
}
