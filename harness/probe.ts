import type { CloudAddress } from './cloud.ts'
import type { TrafficBucket, TrafficWindow } from './gate.ts'

/** Continuous synthetic traffic, from before the first change until after the last. */
export interface Probe extends AsyncDisposable {
  /**
   * Names the stage in force from now on; resolves when the probe has taken it over. `as`: headers with which half of
   * the requests are sent from then on.
   */
  enter(stage: string, as?: Readonly<Record<string, string>>): Promise<void>
  /** Every bucket as it closes, and every closing one at once when asked by `flush`. */
  onBucket(listener: (bucket: TrafficBucket, samples: Samples) => void): void
  /** Closes the bucket under way and delivers it; resolves when its listeners have run. */
  flush(): Promise<void>
  /**
   * Reads everything back that was acknowledged, and delivers what it found lost like any other bucket. `last`: nothing
   * is written from then on. All zero where nothing is written.
   */
  readBack(when: 'meanwhile' | 'last'): Promise<WritesReport>
}

/** What became of the writes that were acknowledged: each was read back as it was, is lost, or could not be asked for. */
export interface WritesReport {
  readonly written: number
  readonly read: number
  readonly lost: number
  readonly unread: number
  /** Of the first few that are lost, a sentence each. */
  readonly losses: readonly string[]
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
  /** Requests of the schedule that are sent at most; what was planned beyond is left out. No bound when absent. */
  readonly most?: number
  /** Wall milliseconds until a response must be complete. */
  readonly timeout: number
  /** Wall milliseconds a bucket spans. */
  readonly bucket: number
  /** Versions that may answer; any other is `unknown-version`. */
  readonly versions: readonly string[]
  readonly expect: { readonly status: number; readonly bodyIncludes?: string }
  /** Further URLs of the service, asked for in turn with the main page. */
  readonly targets?: readonly ProbeTarget[]
  /** Clients that keep their cookies; there are none when absent. */
  readonly sticky?: StickySpec
  /** Slow requests that are under way at all times; none are when absent. */
  readonly long?: LongSpec
  /** Clients that resolve a DNS name themselves; there are none when absent. */
  readonly dns?: PopulationSpec
  /** What is written, and then read back; nothing is when absent. */
  readonly writes?: WritesSpec
}

/** They ask for the main page. `session` names the cookie that must stay as it was given; none must when absent. */
export interface StickySpec {
  readonly clients: number
  readonly session?: string
}

/**
 * They ask for the main page under `name`, each at what it last resolved it to: for as long as the answer's TTL says, in
 * cloud time, or, `ignoring` of them, until nothing takes a connection there.
 */
export interface PopulationSpec {
  readonly name: string
  readonly clients: number
  readonly ignoring: number
}

/** Besides the rate: as many clients as `open` ask for a page that takes long, each again when it has its answer. */
export interface LongSpec {
  readonly path: string
  readonly open: number
  /** Wall milliseconds until an answer must be complete. */
  readonly timeout: number
}

/** A URL of the service that has to answer as expected. */
export interface ProbeTarget {
  readonly path: string
  readonly method: 'GET' | 'HEAD' | 'OPTIONS' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  readonly expect: {
    readonly status: number
    readonly bodyIncludes?: string
    /** Texts that headers of the answer must contain. */
    readonly header?: Readonly<Record<string, string>>
    /** JSON Schema of the body. */
    readonly schema?: Readonly<Record<string, unknown>>
  }
}

/**
 * A write is a POST of `body`, as JSON, to `path`. A 2xx answer acknowledges it; its `location` header, or the `id` in its
 * body, says where to read it. What an answer to the first write refuses is not offered, and not tried again.
 */
export interface WritesSpec {
  readonly path: string
  readonly body: unknown
}
