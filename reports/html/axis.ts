import type { DeploymentSummary, TrafficPoint } from '#harness/journal/summary'

/** Cloud time on a line from 0 to `WIDTH`. */
export interface Axis {
  readonly from: number
  readonly to: number
  x(at: number): number
}

export const WIDTH = 1000

export function axisOf({ startedAt, endedAt }: DeploymentSummary): Axis {
  const span = Math.max(1, endedAt - startedAt)
  return {
    from: startedAt,
    to: startedAt + span,
    x: (at) => tidy(Math.max(0, Math.min(1, (at - startedAt) / span)) * WIDTH),
  }
}

/** Two decimals are more than a screen shows. */
export const tidy = (value: number): number => Number(value.toFixed(2))

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 4, 6, 12, 24, 48, 168].map((n) => n * HOUR),
]
const MOST_TICKS = 9

/** Round instants to label, as offsets from the start. */
export function ticksOf({ from, to }: Axis): readonly { readonly offset: number; readonly label: string }[] {
  const span = to - from
  const step = STEPS.find((each) => span / each <= MOST_TICKS) ?? span
  const ticks = Array.from({ length: Math.floor(span / step) + 1 }, (_, i) => i * step)
  return ticks.map((offset) => ({ offset, label: short(offset) }))
}

function short(ms: number): string {
  if (ms === 0) return '0'
  const hours = Math.floor(ms / HOUR)
  const minutes = Math.floor((ms % HOUR) / MINUTE)
  const seconds = Math.round((ms % MINUTE) / SECOND)
  if (hours > 0) return minutes === 0 ? `${hours}h` : `${hours}h ${minutes}m`
  if (minutes > 0) return seconds === 0 ? `${minutes}m` : `${minutes}m ${seconds}s`
  return seconds === 0 ? `${ms}ms` : `${seconds}s`
}

export interface Bin extends Pick<TrafficPoint, 'from' | 'to' | 'counts'> {
  readonly stage: string
}

const MOST_BINS = 120

/**
 * Puts neighbouring buckets together until each bin is wide enough to be seen. Whole buckets only, so that counts
 * stay exact; a bucket cut short where a stage changed joins its neighbour.
 */
export function binsOf(traffic: readonly TrafficPoint[], axis: Axis): readonly Bin[] {
  const widths = traffic.map(({ from, to }) => to - from).sort((a, b) => a - b)
  const usual = widths[Math.floor(widths.length / 2)] ?? 0
  const least = Math.max((axis.to - axis.from) / MOST_BINS, usual * 0.6)
  const bins: Bin[] = []
  for (const { from, to, stage, counts } of traffic) {
    const last = bins.at(-1)
    const joins = last && (last.to - last.from < least || (to - from < least && last.stage === stage))
    if (joins) bins[bins.length - 1] = { ...last, to, counts: [...last.counts, ...counts] }
    else bins.push({ from, to, stage, counts })
  }
  return bins
}
