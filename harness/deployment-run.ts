import type { Cloud } from './cloud.ts'
import type { Phase } from './deployment.ts'
import type { GateResult } from './gate/run-gate.ts'
import type { ServiceRef, StageRef } from './gate.ts'
import type { Journal } from './journal/journal.ts'
import type { Probe, TrafficView } from './probe.ts'
import type { Stop } from './stop.ts'
import type { GateSpec, Plan, Release, ServiceSnapshot } from './strategy.ts'

/** What the probe's traffic is filed under before the first change. */
export const BEFORE = 'before'

/** Everything one deployment is run with. */
export interface DeploymentRun {
  readonly cloud: Cloud
  readonly ref: ServiceRef
  readonly release: Release
  readonly plan: Plan
  readonly before: ServiceSnapshot
  readonly journal: Journal
  readonly probe: Probe
  readonly view: TrafficView
  /** Judges a gate of the service as last observed. Rejects only with the signal's reason. */
  readonly gate: (
    spec: GateSpec,
    stage: StageRef,
    signal: AbortSignal,
    observed: ServiceSnapshot,
  ) => Promise<GateResult>
  /** Goes on judging the traffic of a stage whose gate has opened; aborts when it proves harm. */
  readonly watch: (stage: StageRef) => Disposable & { readonly signal: AbortSignal }
  /** API calls made so far: all of them, and those that change something. */
  readonly calls: () => { readonly all: number; readonly writes: number }
  /** Aborts with an `interrupted` error when the deployment shall be given up. */
  readonly interrupt: AbortSignal
  readonly begin?: Begin
}

/** Where a deployment begins that does not begin at the beginning: it is taken up again, or taken back. */
export interface Begin {
  readonly phase: Extract<Phase, { kind: 'finishing' | 'reverting' }>
  /** Why it goes back. */
  readonly stop: Stop
  /** The service as it stands now. */
  readonly observed: ServiceSnapshot
  /** What its journal, which is continued, says it did last; absent where the journal is new. */
  readonly after?: Phase['kind']
  /** Numbers of actions begin here. */
  readonly actions: number
}
