import type { Lane, LatencySummary, Outcome, Remark, TrafficBucket, TrafficCount } from '../gate.ts'
import type { Samples } from '../probe.ts'
import { mergeRemarks } from './fold.ts'
import { countLags, type ScheduleCounts } from './lag.ts'

interface Delivery {
  readonly bucket: TrafficBucket
  readonly samples: Samples
}

export interface EndedRequest {
  readonly lane: Lane
  readonly outcome: Outcome
  /** Empty where none answered. */
  readonly version: string
  /** Wall milliseconds since it was planned. */
  readonly latency: number
  readonly remark?: string | undefined
  /** What a name had been resolved to. */
  readonly answer?: string | undefined
}

/** Counts what happens to requests, by the stage they were planned in, until a bucket is closed. */
export interface Aggregate {
  planned(stage: string, lag: number): void
  sent(stage: string): void
  /** Planned, but not sent: too many under way, or no port or descriptor left. */
  dropped(stage: string): void
  /** Planned, but given up by the schedule. */
  missed(stage: string, count: number): void
  ended(stage: string, request: EndedRequest): void
  /**
   * Closes the interval at the cloud instant `now`; `overdue` counts by stage what has waited too long by then. Gives one bucket for `stage`, also when nothing happened, and before
   * it one for every earlier stage some of whose requests ended in this interval.
   */
  close(stage: string, now: number, overdue?: ReadonlyMap<string, number>): readonly Delivery[]
}

/** Version names not expected that are told apart; a service that answers more of them is counted under `OTHER`. */
const NAMES_LIMIT = 16
const NAME_LENGTH = 64
const OTHER = '(others)'

export function createAggregate(versions: readonly string[], start: number): Aggregate {
  const stages = new Map<string, Gathered>()
  const nameOf = createNaming(versions)
  const answerOf = createNaming([])
  let from = start
  const of = (stage: string): Gathered => {
    const known = stages.get(stage) ?? gather()
    stages.set(stage, known)
    return known
  }
  return {
    planned(stage, lag) {
      const gathered = of(stage)
      gathered.planned += 1
      gathered.lags.push(lag)
    },
    sent(stage) {
      of(stage).sent += 1
    },
    dropped(stage) {
      of(stage).dropped += 1
    },
    missed(stage, count) {
      of(stage).planned += count
      of(stage).dropped += count
    },
    ended(stage, request) {
      const { answer } = request
      const told = answer === undefined ? request : { ...request, answer: answerOf(answer) }
      record(of(stage), told, nameOf(request.version))
    },
    close(stage, now, overdue = new Map()) {
      for (const name of overdue.keys()) of(name)
      const current = of(stage)
      stages.delete(stage)
      const all = [...stages, [stage, current] as const]
      stages.clear()
      const closed = all.map(([name, gathered]) =>
        deliver(gathered, name, { from, to: now, overdue: overdue.get(name) ?? 0 }),
      )
      from = now
      return closed
    },
  }
}

interface Gathered {
  planned: number
  sent: number
  dropped: number
  readonly lags: number[]
  readonly counts: Map<string, TrafficCount>
  readonly latencies: Map<string, number[]>
  remarks: readonly Remark[]
}

const gather = (): Gathered => ({
  planned: 0,
  sent: 0,
  dropped: 0,
  lags: [],
  counts: new Map(),
  latencies: new Map(),
  remarks: [],
})

/** Writing, and what is meant to take long, take another time than the pages whose latencies are compared. */
const TIMED: readonly Lane[] = ['fresh', 'keep-alive', 'sticky']

function record(into: Gathered, request: EndedRequest, version: string): void {
  const { lane, outcome, latency, remark, answer } = request
  const key = `${lane} ${outcome} ${answer ?? ''} ${version}`
  const n = (into.counts.get(key)?.n ?? 0) + 1
  into.counts.set(key, { version, lane, outcome, n, ...(answer === undefined ? {} : { answer }) })
  if (remark !== undefined) into.remarks = mergeRemarks(into.remarks, [{ outcome, sentence: remark }])
  if (outcome !== 'ok' || !TIMED.includes(lane)) return
  const latencies = into.latencies.get(version)
  if (latencies) latencies.push(latency)
  else into.latencies.set(version, [latency])
}

interface Interval {
  readonly from: number
  readonly to: number
  readonly overdue: number
}

function deliver(gathered: Gathered, stage: string, { from, to, overdue }: Interval): Delivery {
  const arrays = [...gathered.latencies].map(
    ([version, values]) => [version, Float64Array.from(values)] as const,
  )
  // Versions come from outside: `fromEntries` makes an own property even of `__proto__`.
  const samples = Object.fromEntries(arrays)
  const latency = Object.fromEntries(arrays.map(([version, values]) => [version, summarise(values)] as const))
  const { planned, sent, dropped, lags, remarks } = gathered
  const lagP99 = lags.length === 0 ? 0 : percentile(Float64Array.from(lags).sort(), 0.99)
  const schedule: ScheduleCounts = {
    planned,
    sent,
    dropped,
    lagP99,
    lags: countLags(lags),
    ...(overdue > 0 ? { overdue } : {}),
  }
  const counts = [...gathered.counts.values()]
  const noted = remarks.length > 0 ? { remarks } : {}
  return { bucket: { from, to, stage, counts, latency, schedule, ...noted }, samples }
}

function summarise(values: Float64Array): LatencySummary {
  const sorted = values.slice().sort()
  const at = (share: number): number => percentile(sorted, share)
  return { n: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
}

/** The nearest rank of sorted values; at least one. */
const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0

/** Keeps what a service may answer as its version from growing without end. */
function createNaming(versions: readonly string[]): (version: string) => string {
  const known = new Set(['', ...versions])
  const limit = known.size + NAMES_LIMIT
  return (version) => {
    const name = known.has(version) ? version : version.slice(0, NAME_LENGTH)
    if (!known.has(name) && known.size >= limit) return OTHER
    known.add(name)
    return name
  }
}
