import type { ServiceRef, Thresholds } from './gate.ts'
import type { GatePhase, Release, StrategySpec } from './strategy.ts'

/** Which cloud to reach, as plain data; `sluice/clouds` has a function for each kind. */
export type CloudSpec =
  | {
      readonly kind: 'embedded'
      /** Cloud milliseconds per wall millisecond. */
      readonly timeScale: number
      readonly settle: 'aws' | 'fast' | 'instant'
      readonly seed: number
      readonly region: string
    }
  | { readonly kind: 'endpoint'; readonly url: string; readonly region: string }
  | { readonly kind: 'localstack'; readonly url?: string; readonly image?: string; readonly region: string }
  | { readonly kind: 'live'; readonly accounts: readonly string[]; readonly regions: readonly string[] }

/** A whole, validated configuration. Durations are cloud milliseconds, but `probe.timeout`, which is wall. */
export interface Config {
  /** Directory that relative paths start from: where the config file is. */
  readonly root: string
  readonly cloud: CloudSpec
  readonly service: ServiceRef
  readonly releases: Readonly<Record<string, Release>>
  /** Key in `releases` of what the embedded cloud starts with. */
  readonly baseline: string
  /** Key in `releases` of what is deployed. */
  readonly release: string
  readonly strategy: StrategySpec
  readonly gates: Thresholds
  readonly probe: {
    /** Requests per wall second. */
    readonly rate: number
    readonly timeout: number
    readonly expect: { readonly status: number; readonly bodyIncludes?: string }
  }
  /** Absolute paths or globs of the user's own suites by phase. */
  readonly suites: Readonly<Record<GatePhase, readonly string[]>>
  /** Where journals and reports go, absolute. */
  readonly directory: string
}
