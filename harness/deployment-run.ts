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

/** One service in one region: how it is looked at, and how it is changed. */
export interface Site {
  readonly ref: ServiceRef
  /** What is deployed here, and the version that it takes the place of. */
  readonly release: Release
  readonly from: string
  /** The service before the first change. Its scope is the site's. */
  readonly before: ServiceSnapshot
  readonly probe: Probe
  readonly view: TrafficView
  /** Judges a gate of the service as last observed. Rejects only with the signal's reason. */
  readonly gate: (
    spec: GateSpec,
    stage: StageRef,
    signal: AbortSignal,
    observed: ServiceSnapshot,
    /** The other sites as they are known to be. */
    neighbours: readonly ServiceSnapshot[],
  ) => Promise<GateResult>
  /** Goes on judging the traffic of a stage whose gate has opened; aborts when it proves harm. */
  readonly watch: (stage: StageRef) => Disposable & { readonly signal: AbortSignal }
}

/** Everything one deployment is run with. */
export interface DeploymentRun {
  readonly cloud: Cloud
  /** What the deployment is called by: the service, or the system of several. */
  readonly name: string
  readonly plan: Plan
  /** One for every scope of the plan's baseline. */
  readonly sites: readonly Site[]
  readonly journal: Journal
  /** API calls made so far: all of them, and those that change something. Within `apart`, those made within it. */
  readonly calls: () => { readonly all: number; readonly writes: number }
  /** Counts the calls of some work apart from those of other work under way. */
  readonly apart: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** Aborts with an `interrupted` error when the deployment shall be given up. */
  readonly interrupt: AbortSignal
  readonly begin?: Begin
}

/** Where a deployment begins that does not begin at the beginning: it is taken up again, or taken back. */
export interface Begin {
  readonly phase: Extract<Phase, { kind: 'finishing' | 'reverting' }>
  /** Why it goes back. */
  readonly stop: Stop
  /** The services as they stand now, in the order of the sites. */
  readonly observed: readonly ServiceSnapshot[]
  /** What its journal, which is continued, says it did last; absent where the journal is new. */
  readonly after?: Phase['kind']
  /** Numbers of actions begin here. */
  readonly actions: number
}
