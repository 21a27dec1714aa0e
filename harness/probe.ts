import type { CloudAddress } from './cloud.ts'
import type { TrafficBucket, TrafficWindow } from './gate.ts'

/** Continuous synthetic traffic, from before the first change until after the last. */
export interface Probe extends AsyncDisposable {
  /** Names the stage in force from now on; resolves when the probe has taken it over. */
  enter(stage: string): Promise<void>
  /** Every bucket as it closes, and every closing one at once when asked by `flush`. */
  onBucket(listener: (bucket: TrafficBucket, samples: Samples) => void): void
  /** Closes the bucket under way and delivers it; resolves when its listeners have run. */
  flush(): Promise<void>
}

/** Latencies of a bucket's `ok` answers by version, wall milliseconds, in order of arrival. Kept in memory only. */
export type Samples = Readonly<Record<string, Float64Array>>

/** Everything seen so far, kept in memory and summed by stage. What gates judge by. */
export interface TrafficView {
  /** Sum over a stage; all zero for a stage not seen. */
  window(stage: string): TrafficWindow
  /** Latency samples of a stage by version. */
  samples(stage: string): Samples
  /** Cloud instant at which the last bucket ended that has an answer of this version. */
  lastAnswer(version: string): number | undefined
  /** Calls back after each bucket was added; returns how to stop that. */
  onChange(listener: (bucket: TrafficBucket) => void): () => void
}

export interface ProbeSpec {
  readonly cloud: CloudAddress
  /** Absolute URL of the main page, and what its answer must contain. */
  readonly url: string
  /** Requests per wall second. */
  readonly rate: number
  /** Wall milliseconds until a response must be complete. */
  readonly timeout: number
  /** Wall milliseconds a bucket spans. */
  readonly bucket: number
  /** Versions that may answer; any other is `unknown-version`. */
  readonly versions: readonly string[]
  readonly expect: { readonly status: number; readonly bodyIncludes?: string }
}
