import type { LatencySummary, Remark, TrafficCount, TrafficWindow } from '../gate.ts'
import { sumSchedules } from './lag.ts'

export interface VersionCount {
  readonly total: number
  readonly ok: number
  readonly harmed: number
}

/** Requests that did not end as a user may expect. */
export const harmed = (window: TrafficWindow): number =>
  sum(window.counts.filter(({ outcome }) => outcome !== 'ok'))

/** Requests that ended, in whatever way. */
export const requests = (window: TrafficWindow): number => sum(window.counts)

/** By version; under the empty name what no target answered. */
export function countsByVersion(window: TrafficWindow): Readonly<Record<string, VersionCount>> {
  const groups = Map.groupBy(window.counts, ({ version }) => version)
  return Object.fromEntries(
    [...groups].map(([version, counts]) => {
      const total = sum(counts)
      const ok = sum(counts.filter(({ outcome }) => outcome === 'ok'))
      return [version, { total, ok, harmed: total - ok }]
    }),
  )
}

/**
 * Sums windows (or buckets). Counts and maxima are exact; percentiles of latency are estimated from those of the parts,
 * as single latencies are kept nowhere but in a ledger. Without a name it takes the stage of the first.
 */
export function mergeWindows(windows: readonly TrafficWindow[], name?: string): TrafficWindow {
  const versions = new Set(windows.flatMap(({ latency }) => Object.keys(latency)))
  const remarks = windows.flatMap((window) => window.remarks ?? [])
  return {
    from: windows.reduce((least, { from }) => Math.min(least, from), windows[0]?.from ?? 0),
    stage: name ?? windows[0]?.stage ?? '',
    counts: mergeCounts(windows.flatMap(({ counts }) => counts)),
    latency: Object.fromEntries(
      [...versions].map((version) => [
        version,
        mergeLatency(windows.flatMap(({ latency }) => latency[version] ?? [])),
      ]),
    ),
    schedule: sumSchedules(windows.map(({ schedule }) => schedule)),
    ...(remarks.length > 0 ? { remarks: mergeRemarks([], remarks) } : {}),
  }
}

export function mergeCounts(counts: readonly TrafficCount[]): readonly TrafficCount[] {
  const groups = Map.groupBy(
    counts,
    ({ lane, outcome, version, answer = '' }) => `${lane} ${outcome} ${answer} ${version}`,
  )
  return [...groups.values()].flatMap(([first, ...rest]) =>
    first ? [{ ...first, n: first.n + sum(rest) }] : [],
  )
}

/** Remarks kept of each outcome: the first say what a thousandth one would. */
const REMARKS = 3

export function mergeRemarks(known: readonly Remark[], more: readonly Remark[]): readonly Remark[] {
  const kept = [...known]
  for (const remark of more) {
    const alike = kept.filter(({ outcome }) => outcome === remark.outcome)
    if (alike.length < REMARKS && alike.every(({ sentence }) => sentence !== remark.sentence))
      kept.push(remark)
  }
  return kept
}

/** Takes each part as spread evenly between its percentiles and looks for those of the mixture. */
function mergeLatency(parts: readonly LatencySummary[]): LatencySummary {
  const filled = parts.filter(({ n }) => n > 0)
  const n = filled.reduce((total, part) => total + part.n, 0)
  const max = filled.reduce((greatest, part) => Math.max(greatest, part.max), 0)
  const below = (value: number): number =>
    filled.reduce((total, part) => total + part.n * share(part, value), 0)
  const at = (wanted: number): number => {
    if (filled.length === 1 || n === 0) return 0
    let low = 0
    let high = max
    for (let step = 0; step < 40; step += 1) {
      const middle = (low + high) / 2
      if (below(middle) < wanted * n) low = middle
      else high = middle
    }
    return high
  }
  return filled.length === 1 && filled[0] ? filled[0] : { n, p50: at(0.5), p90: at(0.9), p99: at(0.99), max }
}

/** What share of a part lies at or below a value. */
function share({ p50, p90, p99, max }: LatencySummary, value: number): number {
  const points = [
    [0, 0],
    [p50, 0.5],
    [p90, 0.9],
    [p99, 0.99],
    [max, 1],
  ] as const
  if (value >= max) return 1
  const above = points.findIndex(([bound]) => value < bound)
  const [low, lowShare] = points[above - 1] ?? [0, 0]
  const [high, highShare] = points[above] ?? [max, 1]
  return lowShare + ((value - low) / (high - low)) * (highShare - lowShare)
}

const sum = (counts: readonly TrafficCount[]): number => counts.reduce((total, { n }) => total + n, 0)
