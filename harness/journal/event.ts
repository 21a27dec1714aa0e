import type { CloudKind } from '../cloud.ts'
import type { Phase } from '../deployment.ts'
import type { TestResult, TrafficBucket, Verdict } from '../gate.ts'
import type { VersionShares } from '../mix.ts'
import type { WritesReport } from '../probe.ts'
import type { GatePhase, Plan, Release, Scope, ServiceSnapshot } from '../strategy.ts'

/**
 * What a deployment records: intent before effect, outcome after. Append-only; every report is a fold over it.
 * Instants and durations are cloud milliseconds unless their name says `wall`. `scope` tells whose event it is where a
 * deployment has several; it is absent where it has one.
 */
export type JournalEvent = Stamp & Entry

interface Stamp {
  /** From 0, without gaps. */
  readonly seq: number
  readonly deployment: string
  readonly at: number
  readonly wallAt: number
}

/** What AWS makes one wait for; everything else is Sluice's own overhead. */
export type WaitFor =
  | 'boot'
  | 'health'
  | 'drain'
  | 'bake'
  | 'propagation'
  | 'ttl'
  | 'termination'
  | 'approval'
  | 'refresh'

export type RevertCause = 'gate' | 'error' | 'interrupted' | 'planned'

export type EndState = 'promoted' | 'nothing-to-do' | 'reverted' | 'revert-incomplete' | 'untouched'

export type Entry =
  | {
      readonly type: 'deployment-started'
      readonly service: string
      readonly cloud: {
        readonly kind: CloudKind
        readonly account: string
        readonly region: string
        readonly scale: number
        /** Absent on AWS itself. */
        readonly endpoint?: string
      }
      readonly release: Release
      /** What each scope gets, where it is not the same everywhere. */
      readonly releases?: Readonly<Record<Scope, Release>>
      readonly plan: Plan
      /** SHA-256 of the plan. */
      readonly planHash: string
      readonly before: readonly ServiceSnapshot[]
    }
  | { readonly type: 'phase'; readonly from: Phase['kind']; readonly to: Phase['kind'] }
  | { readonly type: 'stage-started'; readonly index: number; readonly name: string }
  | {
      readonly type: 'stage-reached'
      readonly index: number
      readonly name: string
      /** Weights as read back, by scope and fleet; `versions` names each fleet's release. Of every scope. */
      readonly shares: Readonly<Record<Scope, Readonly<Record<string, number>>>>
      readonly versions: Readonly<Record<Scope, Readonly<Record<string, string>>>>
      /** Fleets that run two releases, by scope and fleet, with the share of each. */
      readonly mixes?: Readonly<Record<Scope, Readonly<Record<string, VersionShares>>>>
    }
  | {
      readonly type: 'action-intended'
      /** Unique within the deployment; its outcome carries the same. */
      readonly id: number
      readonly scope: Scope
      readonly kind: string
      /** E.g. `set weights orders 95, orders-2-0-0 5`. */
      readonly what: string
    }
  | {
      readonly type: 'action-ended'
      readonly id: number
      readonly kind: string
      readonly outcome: 'done' | 'failed' | 'interrupted'
      readonly tookMs: number
      readonly tookWallMs: number
      /** API calls it took. */
      readonly calls: number
      readonly error?: string
    }
  | {
      readonly type: 'waited'
      readonly for: WaitFor
      readonly what: string
      readonly ms: number
    }
  | {
      readonly type: 'gate-started'
      readonly scope?: Scope
      readonly phase: GatePhase
      readonly stage: string
      readonly index: number
    }
  | {
      readonly type: 'gate-ended'
      readonly scope?: Scope
      readonly phase: GatePhase
      readonly stage: string
      readonly index: number
      readonly verdict: Verdict
      readonly tests: readonly TestResult[]
      /** Cloud time the gate was open for judging, and of that the bake. */
      readonly tookMs: number
      readonly bakedMs: number
      /** Wall time of its suites. */
      readonly suitesWallMs: number
    }
  /** A gate would open; a person is waited for, for so long at most. */
  | { readonly type: 'approval-awaited'; readonly stage: string; readonly within: number }
  | { readonly type: 'approved'; readonly stage: string; readonly by: string }
  | { readonly type: 'traffic'; readonly scope?: Scope; readonly bucket: TrafficBucket }
  | {
      readonly type: 'revert-started'
      readonly cause: RevertCause
      readonly stage: string
      readonly sentence: string
      /** The first harmed request or failing look that led here, if there was one; and the verdict. */
      readonly detectedAt: number
      readonly decidedAt: number
      readonly decidedWallAt: number
    }
  | {
      /** The old release has all the traffic again, as the API reads back. */
      readonly type: 'traffic-restored'
      readonly scope?: Scope
      readonly calls: number
      readonly afterVerdictMs: number
      readonly afterVerdictWallMs: number
    }
  | {
      /** The probe saw the last answer of the new release. */
      readonly type: 'last-seen'
      readonly scope?: Scope
      readonly version: string
      readonly afterVerdictMs: number
      readonly afterVerdictWallMs: number
    }
  /** At the end: what became of everything that the probe wrote and the service acknowledged. */
  | ({ readonly type: 'writes-read-back'; readonly scope?: Scope } & WritesReport)
  | { readonly type: 'interrupted'; readonly signal: string; readonly times: number }
  | { readonly type: 'note'; readonly level: 'info' | 'warning' | 'error'; readonly text: string }
  | {
      readonly type: 'deployment-ended'
      readonly state: EndState
      readonly exitCode: number
      readonly sentence: string
      /** What a person has to do, item by item; empty unless the revert is incomplete. */
      readonly left: readonly string[]
      /** API calls that the deploying process made in all, looking included; suites have their own. */
      readonly calls?: number
      readonly after: readonly ServiceSnapshot[]
    }
