import type { CheckSettings } from './check-settings.ts'
import type { CloudAddress } from './cloud.ts'
import type { VersionShares } from './mix.ts'
import type {
  ClientRoute,
  Downtime,
  FleetName,
  GatePhase,
  Release,
  ServiceSnapshot,
  TestRoute,
} from './strategy.ts'

/** Only `passed` opens a gate. `error`: the gate itself could not be judged. */
export type VerdictStatus = 'passed' | 'failed' | 'inconclusive' | 'error'

/** What one look at the service showed. */
export interface Evidence {
  /** E.g. `error rate`, `suite shift`, `probe schedule`. */
  readonly metric: string
  readonly status: VerdictStatus
  /** One sentence in plain words with the numbers that decided. */
  readonly sentence: string
  /** Samples of each arm, the effect, the bound it was held to, and the smallest effect that could have been found. */
  readonly n?: Readonly<Record<string, number>>
  readonly effect?: number
  readonly bound?: number
  readonly detectable?: number
}

export interface Verdict {
  readonly status: VerdictStatus
  /** What decided, in one sentence. */
  readonly sentence: string
  readonly evidence: readonly Evidence[]
}

export type TestStatus = 'passed' | 'failed' | 'inconclusive' | 'skipped' | 'pending' | 'flaky'

/** One test of a suite run. */
export interface TestResult {
  /** Suite file relative to its root, then the titles joined by ` > `. */
  readonly file: string
  readonly name: string
  readonly status: TestStatus
  readonly tookMs: number
  /** Why it failed, was inconclusive or was skipped. */
  readonly message?: string
  /** Skipped because the cloud lacks what it looks at; `message` says what. */
  readonly notRun?: boolean
  /** Skipped because the config leaves its check out; `message` says why. */
  readonly leftOut?: boolean
}

/** What happened when suites ran; judged by `gate/verdict.ts`, never by whoever ran them. */
export interface SuiteRun {
  /** Vitest's own reason for ending. */
  readonly ended: 'passed' | 'failed' | 'interrupted'
  readonly requestedFiles: readonly string[]
  readonly finishedFiles: readonly {
    readonly file: string
    readonly state: string
    readonly errors: readonly string[]
  }[]
  readonly tests: readonly TestResult[]
  readonly unhandledErrors: readonly string[]
  readonly timedOut: boolean
  /** Wall milliseconds. */
  readonly tookMs: number
}

/** Runs suites in warm workers. One run at a time; overlapping calls queue. */
export interface SuiteRunner extends AsyncDisposable {
  run(request: SuiteRequest): Promise<SuiteRun>
}

export interface SuiteRequest {
  /** Absolute paths of suite files. */
  readonly files: readonly string[]
  /** Which tests of some of them run; all do unless given. */
  readonly pick?: TestPick | undefined
  readonly context: SuiteContext
  /** Wall milliseconds after which the run is cancelled, then killed. */
  readonly deadline: number
  readonly signal?: AbortSignal
}

/** A choice among the tests of files: a test runs that has one of the tags and one of the names, where any are given. */
export interface TestPick {
  readonly files: readonly string[]
  readonly tags: readonly string[]
  /** Parts of full names; `*` stands for anything. */
  readonly names: readonly string[]
}

/** What a suite is given: plain data, provided to its worker under the key `sluice`. */
export interface SuiteContext {
  readonly cloud: CloudAddress
  readonly service: ServiceRef
  readonly phase: GatePhase
  /** The stage in force; absent when suites run without a deployment. */
  readonly stage?: StageRef
  /** The release being deployed (or, without a deployment, the one expected to serve) and the one deployed from. */
  readonly release: Release
  readonly baseline: Release
  readonly thresholds: Thresholds
  /** Groups of clients that suites shall ask as, besides asking as nobody in particular. */
  readonly clients?: readonly ClientGroup[]
  /** What the config says of built-in checks. */
  readonly checks?: CheckSettings
  /** The service as it was before the first change; absent when suites run without a deployment. */
  readonly before?: ServiceSnapshot
  /** Cloud instant before the first change: what happened earlier is not this release's doing. Absent as `before` is. */
  readonly since?: number
  /** Whether the suites run as the gate begins, or when its bake is over; absent when they run alone. */
  readonly look?: 'opening' | 'closing'
  /** The service as just observed, so that suites need not look again at once; absent when it may have changed. */
  readonly observed?: ServiceSnapshot
  /** What the probe saw since this stage's weights were confirmed; absent without a probe. */
  readonly traffic?: TrafficWindow
  /** Of a contract: the version of each service that this run is about, and the services as they stand. */
  readonly mix?: VersionMix
  readonly neighbours?: readonly ServiceSnapshot[]
}

/** One version of each service of a system. */
export type VersionMix = Readonly<Record<string, string>>

export interface StageRef {
  readonly index: number
  readonly name: string
  readonly shares: Readonly<Record<string, number>>
  /** Instances of each fleet. */
  readonly capacity?: Readonly<Record<FleetName, number>>
  /** Fleets that run two releases in this stage: the share of each, of 1. */
  readonly mixes?: Readonly<Record<FleetName, VersionShares>>
  /** Clients who are sent to one fleet in this stage, whatever the shares. Half of the probe asks as they do. */
  readonly route?: ClientRoute
  /** How suites ask the fleet that is tested in this stage. */
  readonly test?: TestRoute
  /** Given where the old release had to stop for this stage. */
  readonly downtime?: Downtime
}

/** Clients that a release might treat apart, told by headers that their requests carry. */
export interface ClientGroup {
  readonly header: Readonly<Record<string, string>>
}

/** How a service is found in the cloud. */
export interface ServiceRef {
  readonly name: string
  readonly region: string
  readonly entry: EntryRef
  readonly fleets: 'clone' | 'pair'
  /** Path of the main page. */
  readonly url: string
}

/** A listener of a load balancer, or a name in a hosted zone of Route 53. */
export type EntryRef = ListenerRef | { readonly dns: DnsRef }

export interface ListenerRef {
  readonly loadBalancer: string
  readonly listener: number
  /** Given where the listener forwards to one target group that stays, and users are led by what is registered in it. */
  readonly by?: 'registration' | undefined
}

export interface DnsRef {
  readonly zone: string
  readonly record: string
  /** What its records lead to: a load balancer for each fleet, or the instances themselves. */
  readonly to: 'load-balancers' | 'instances'
  readonly port: number
  /** What an instance that is healthy answers with 2xx or 3xx; the main page when absent. */
  readonly health?: string | undefined
}

/** What traffic is held to. Rates are shares of 1, latencies wall milliseconds. */
export interface Thresholds {
  readonly errorRate: { readonly ceiling: number; readonly alpha: number }
  readonly latency: { readonly p99: number; readonly slowdown: number }
  /** Requests of any version that a stage must have seen before its gate may open. */
  readonly minRequests: number
  /** Whether a gate may open though suites could not run because the cloud lacks what they look at; it may not by default. */
  readonly notRun?: 'keep-shut' | 'allow'
  /** Whether a gate may open though a test passed only when it was tried again; it may not by default. */
  readonly flaky?: 'keep-shut' | 'allow'
  /** Names of CloudWatch alarms, metric or composite: one that is in ALARM closes a gate. */
  readonly alarms?: readonly string[]
}

/** How a probe request ended. Everything but `ok` harmed a user. */
export type Outcome =
  | 'ok'
  | 'dns'
  | 'refused'
  | 'reset'
  | 'tls'
  | 'connect-timeout'
  | 'response-timeout'
  | 'truncated'
  | 'elb-5xx'
  | 'target-5xx'
  | 'wrong-status'
  | 'wrong-body'
  /** A write that was acknowledged is gone, or other than it was acknowledged. */
  | 'lost-write'
  /** A client's session was replaced by another one, or ended. */
  | 'lost-session'
  | 'unknown-version'

/**
 * `write-then-read` writes, and reads what was acknowledged back through whatever serves then; `long` has a few slow
 * requests under way at all times; the clients of `sticky` keep their cookies; those of `dns` keep what a DNS name
 * resolved to.
 */
export type Lane = 'fresh' | 'keep-alive' | 'write-then-read' | 'long' | 'sticky' | 'dns'

/** What was wrong with one request, in a sentence of plain words. */
export interface Remark {
  readonly outcome: Outcome
  readonly sentence: string
}

/** Requests alike in version, lane and outcome. `version` is empty when no target answered. */
export interface TrafficCount {
  readonly version: string
  readonly lane: Lane
  readonly outcome: Outcome
  readonly n: number
  /** What the name had been resolved to, `host:port`; of the lane `dns` only. */
  readonly answer?: string
}

/** Latency of `ok` answers in wall milliseconds, counted from the planned send time. */
export interface LatencySummary {
  readonly n: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** How well the probe kept its own schedule. Lag in wall milliseconds. */
export interface ScheduleSummary {
  readonly planned: number
  readonly sent: number
  readonly dropped: number
  readonly lagP99: number
  /** Requests still without an answer at the end, sent more than a second before; absent when there were none. */
  readonly overdue?: number
}

/** An aggregate of probe traffic over an interval of cloud time. */
export interface TrafficBucket {
  readonly from: number
  readonly to: number
  /** The stage in force when the requests were planned. */
  readonly stage: string
  readonly counts: readonly TrafficCount[]
  readonly latency: Readonly<Record<string, LatencySummary>>
  readonly schedule: ScheduleSummary
  /** Of the first few requests where there is more to say than the outcome does; absent when there is none. */
  readonly remarks?: readonly Remark[]
}

/** Everything the probe saw in one stage, or over several. Same shape as a bucket, without its end. */
export interface TrafficWindow extends Omit<TrafficBucket, 'to'> {
  /** Of a stage: the half minute in which most requests had no answer of any release; absent where all had one. */
  readonly burst?: Burst
}

/** Requests that no release answered, of all that ended within half a minute of cloud time. */
export interface Burst {
  readonly errors: number
  readonly n: number
  /** Of those, the ones that ended between the first of the errors and the last. */
  readonly between: number
}
