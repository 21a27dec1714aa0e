import { formatDuration } from '../../duration.ts'
import { summarise } from '../../journal/summary.ts'
import { table } from '../table.ts'
import type { Simulated } from './simulation.ts'

/** What is kept of one deployment: plain data, small enough for thousands. Durations are cloud milliseconds. */
export interface RunFigures {
  readonly seed: number
  readonly state: string
  readonly exitCode: number
  readonly sentence: string
  readonly tookMs: number
  readonly requests: number
  readonly harmed: number
  /** From the verdict to the old release having all traffic again, and to everything put back; absent when it went through. */
  readonly restoredMs?: number
  readonly revertedMs?: number
  readonly stoppedAt?: number
  /** Why it did not end as it should; empty when it did. */
  readonly unexpected: readonly string[]
}

export function figuresOf(simulated: Simulated, unexpected: readonly string[]): RunFigures {
  const { seed, end, events, stoppedAt } = simulated
  const { sentence = '', rapid, requests, recoverable } = summarise(events)
  const { wayBack } = recoverable
  return {
    seed,
    state: end.state,
    exitCode: end.exitCode,
    sentence,
    tookMs: Math.round(rapid.whole.cloudMs),
    requests: requests.total,
    harmed: requests.harmed,
    ...(wayBack?.call ? { restoredMs: Math.round(wayBack.call.cloudMs) } : {}),
    ...(wayBack ? { revertedMs: Math.round(wayBack.whole.cloudMs) } : {}),
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
    unexpected,
  }
}

/** By outcome how many, how long, how many requests harmed, how long until all was back. */
export function tell(runs: readonly RunFigures[]): string {
  const states = [...new Set(runs.map(({ state, exitCode }) => `${state} (${exitCode})`))].sort()
  const rows = states.map((state) => {
    const of = runs.filter((run) => `${run.state} (${run.exitCode})` === state)
    return [
      state,
      String(of.length),
      spread(
        of.map(({ tookMs }) => tookMs),
        formatDuration,
      ),
      spread(
        of.map(({ harmed }) => harmed),
        String,
      ),
      spread(
        of.flatMap(({ restoredMs }) => restoredMs ?? []),
        formatDuration,
      ),
      spread(
        of.flatMap(({ revertedMs }) => revertedMs ?? []),
        formatDuration,
      ),
    ]
  })
  const head = ['outcome', 'runs', 'took', 'requests harmed', 'traffic back', 'all put back']
  return table([head, ...rows])
}

/** Median, 95th percentile and maximum. */
function spread(values: readonly number[], format: (value: number) => string): string {
  if (values.length === 0) return '-'
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): string => format(sorted[Math.ceil(sorted.length * share) - 1] ?? 0)
  return `${at(0.5)} / ${at(0.95)} / ${at(1)}`
}
