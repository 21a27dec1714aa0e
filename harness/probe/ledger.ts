import { build, type Histogram } from 'hdr-histogram-js'
import type { LatencySummary, Remark, TrafficBucket, TrafficCount, TrafficWindow } from '../gate.ts'
import type { Samples, TrafficView } from '../probe.ts'
import { createBursts } from './bursts.ts'
import { mergeCounts, mergeRemarks } from './fold.ts'
import { type ScheduleCounts, sumSchedules } from './lag.ts'
import { createReservoir, type Reservoir } from './reservoir.ts'

/**
 * All that the probe saw, in bounded memory: sums by stage; at most `SAMPLES_LIMIT` latencies of a version in a stage,
 * beyond which a random choice, the same for the same traffic, stands for all of them, no longer in order of arrival;
 * the latest `BUCKETS_LIMIT` buckets (the journal has the others). Counts, percentiles and maxima are of everything.
 */
export interface TrafficLedger extends TrafficView {
  add(bucket: TrafficBucket, samples: Samples): void
  all(): readonly TrafficBucket[]
  /** Sum over all stages, under the stage name `all`. */
  total(): TrafficWindow
}

export const SAMPLES_LIMIT = 10_000
const BUCKETS_LIMIT = 20_000

export function createTrafficLedger(): TrafficLedger {
  const stages = new Map<string, Sum>()
  const total = createSum('all')
  const lastAnswers = new Map<string, number>()
  const buckets: TrafficBucket[] = []
  const listeners = new Set<(bucket: TrafficBucket) => void>()
  return {
    add(bucket, samples) {
      const stage = stages.get(bucket.stage) ?? createSum(bucket.stage)
      stages.set(bucket.stage, stage)
      stage.add(bucket, samples)
      total.add(bucket, samples)
      for (const { version, lane } of bucket.counts) {
        // An answer that took long says nothing of who is given requests now.
        if (lane !== 'long') lastAnswers.set(version, Math.max(bucket.to, lastAnswers.get(version) ?? 0))
      }
      buckets.push(bucket)
      if (buckets.length > BUCKETS_LIMIT) buckets.splice(0, BUCKETS_LIMIT / 10)
      for (const listener of [...listeners]) listener(bucket)
    },
    all: () => [...buckets],
    window: (stage) => (stages.get(stage) ?? createSum(stage)).window(),
    samples: (stage) => stages.get(stage)?.samples() ?? {},
    total: () => total.window(),
    lastAnswer: (version) => lastAnswers.get(version),
    onChange(listener) {
      // Wrapped, so that one function registered twice is two listeners.
      const own = (bucket: TrafficBucket): void => listener(bucket)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
  }
}

interface Sum {
  add(bucket: TrafficBucket, samples: Samples): void
  window(): TrafficWindow
  samples(): Samples
}

function createSum(stage: string): Sum {
  let from = Number.POSITIVE_INFINITY
  let counts: readonly TrafficCount[] = []
  let schedule: ScheduleCounts = sumSchedules([])
  let remarks: readonly Remark[] = []
  const versions = new Map<string, Latencies>()
  const bursts = createBursts()
  return {
    add(bucket, samples) {
      bursts.add(bucket)
      from = Math.min(from, bucket.from)
      counts = mergeCounts([...counts, ...bucket.counts])
      schedule = sumSchedules([schedule, bucket.schedule])
      remarks = mergeRemarks(remarks, bucket.remarks ?? [])
      for (const [version, values] of Object.entries(samples)) {
        const latencies = versions.get(version) ?? createLatencies()
        versions.set(version, latencies)
        latencies.add(values)
      }
    },
    window: () => ({
      from: Number.isFinite(from) ? from : 0,
      stage,
      counts,
      latency: Object.fromEntries(
        [...versions].map(([version, latencies]) => [version, latencies.summary()]),
      ),
      schedule,
      ...(remarks.length > 0 ? { remarks } : {}),
      ...(bursts.worst.errors > 0 ? { burst: bursts.worst } : {}),
    }),
    samples: () =>
      Object.fromEntries([...versions].map(([version, { reservoir }]) => [version, reservoir.values()])),
  }
}

interface Latencies {
  readonly reservoir: Reservoir
  add(values: Float64Array): void
  summary(): LatencySummary
}

/** Histograms count whole microseconds. */
const MICROSECONDS = 1_000

function createLatencies(): Latencies {
  const histogram: Histogram = build({ numberOfSignificantValueDigits: 3 })
  const reservoir = createReservoir(SAMPLES_LIMIT)
  let max = 0
  return {
    reservoir,
    add(values) {
      for (const value of values) {
        histogram.recordValue(Math.max(0, Math.round(value * MICROSECONDS)))
        reservoir.add(value)
        if (value > max) max = value
      }
    },
    summary() {
      const at = (percent: number): number =>
        Math.min(histogram.getValueAtPercentile(percent) / MICROSECONDS, max)
      return { n: histogram.totalCount, p50: at(50), p90: at(90), p99: at(99), max }
    },
  }
}
