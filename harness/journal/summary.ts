import type { CloudKind } from '../cloud.ts'
import { describeDowntime } from '../downtime.ts'
import { SluiceError } from '../errors.ts'
import type { Outcome, TestResult, Verdict } from '../gate.ts'
import type { WritesReport } from '../probe.ts'
import type { GatePhase } from '../strategy.ts'
import type { EndState, JournalEvent, RevertCause, WaitFor } from './event.ts'
import { actionsOf, repeatableFigures } from './summary/actions.ts'
import { boundsOf, eventsOf } from './summary/events.ts'
import { gatesOf } from './summary/gates.ts'
import { rapidFigures } from './summary/rapid.ts'
import { recoverableFigures } from './summary/recoverable.ts'
import { sectionsOf } from './summary/sections.ts'
import { sharesOf } from './summary/shares.ts'
import { requestFigures, trafficOf } from './summary/traffic.ts'
import { troubleOf } from './summary/trouble.ts'
import { headlineOf, nextStepOf } from './summary/wording.ts'

/** A whole deployment as reports tell it. Instants and durations are cloud milliseconds unless named `wall`. */
export interface DeploymentSummary {
  readonly deployment: string
  readonly service: string
  readonly cloud: {
    readonly kind: CloudKind
    readonly account: string
    readonly region: string
    readonly scale: number
  }
  readonly strategy: string
  readonly from: string
  readonly to: string
  readonly planHash: string
  /** `unfinished`: the journal has no end (yet). */
  readonly state: EndState | 'unfinished'
  readonly cause: RevertCause | undefined
  readonly exitCode: number | undefined
  /** What the plan says beforehand of time without service; absent when there is none. */
  readonly announcement: string | undefined
  /** What happened, in one sentence of plain words. */
  readonly headline: string
  /** What the runner said when it ended. */
  readonly sentence: string | undefined
  /** Why it did not go through; absent when it did. */
  readonly trouble: Trouble | undefined
  /** What a person should do now. */
  readonly next: string
  /** What is left to a person, item by item. */
  readonly left: readonly string[]
  readonly startedAt: number
  readonly endedAt: number
  readonly startedWallAt: number
  readonly endedWallAt: number
  readonly rapid: RapidFigures
  readonly repeatable: RepeatableFigures
  readonly recoverable: RecoverableFigures
  readonly requests: RequestFigures
  /** What became of everything that was written; absent when nothing was. */
  readonly writes: WritesReport | undefined
  readonly sections: readonly Section[]
  readonly gates: readonly GateSummary[]
  readonly shares: readonly SharePoint[]
  readonly traffic: readonly TrafficPoint[]
  readonly actions: readonly ActionSummary[]
  readonly notes: readonly { readonly at: number; readonly level: string; readonly text: string }[]
}

export interface Span {
  readonly cloudMs: number
  readonly wallMs: number
}

export interface RapidFigures {
  readonly whole: Span
  /** What AWS made the deployment wait for, longest first. */
  readonly waits: readonly { readonly for: WaitFor; readonly ms: number; readonly n: number }[]
  /** Cloud time with at least one wait under way; waits that overlap count once. */
  readonly waitedMs: number
  /** Wall time that no wait explains. */
  readonly overheadWallMs: number
  /** Steps that a person had to take, or still has to, after starting it. */
  readonly humanSteps: number
}

export interface RepeatableFigures {
  readonly planHash: string
  /** Changes made, by kind of action. */
  readonly changes: readonly { readonly kind: string; readonly n: number; readonly calls: number }[]
  readonly changed: number
  readonly calls: number
  /** Those of the whole deployment, looks and what is no change included; undefined until it has ended. */
  readonly all: number | undefined
  readonly failed: number
}

export interface RecoverableFigures {
  /** The way back as it was taken; absent when none was. */
  readonly wayBack: WayBack | undefined
  /** What is known of the way back, in one sentence. */
  readonly sentence: string
  /** Time in which requests were sent and none was answered ok, as finely as traffic was aggregated. */
  readonly downtime: Span
  /** How much of it the plan had announced. */
  readonly announcedDowntime: Span
}

export interface WayBack {
  readonly cause: RevertCause
  readonly stage: string
  readonly sentence: string
  readonly detectedAt: number
  readonly decidedAt: number
  readonly restoredAt: number | undefined
  readonly lastSeenAt: number | undefined
  readonly endedAt: number
  /** From the release having its share of traffic to the first sign of trouble; absent if it never had any. */
  readonly detect: Span | undefined
  /** From the first sign to the verdict. */
  readonly decide: Span
  /** From the verdict to the old release having all traffic, as the API reads back. */
  readonly call: Span | undefined
  readonly calls: number | undefined
  /** From the verdict to the last answer of the new release. */
  readonly observedZero: Span | undefined
  /** From the verdict to the end: everything put back. */
  readonly whole: Span
}

export interface RequestFigures {
  readonly total: number
  readonly ok: number
  readonly harmed: number
  /** Besides all of these: requests that nobody answered in downtime that the plan had announced. */
  readonly announced: number
  readonly byOutcome: readonly { readonly outcome: Outcome; readonly n: number }[]
  /** A version is empty where no target answered. */
  readonly byVersion: readonly { readonly version: string; readonly n: number; readonly harmed: number }[]
  /** Of clients that resolve the service's name themselves: by what they were led to, and who answered there. */
  readonly byAnswer: readonly {
    readonly answer: string
    readonly version: string
    readonly n: number
    readonly harmed: number
  }[]
  /** Highest rate of failure that is still consistent with having seen none (95 %); absent when some failed. */
  readonly bound: number | undefined
  /** Worst p99 of any bucket with at least 20 answers, by version. */
  readonly latency: Readonly<
    Record<string, { readonly n: number; readonly p99: number | undefined; readonly max: number }>
  >
  readonly dropped: number
}

/** A stretch of the deployment: the pre-deploy gate, each stage, clearing up, the way back. */
export interface Section {
  readonly kind: 'prepare' | 'stage' | 'finish' | 'revert'
  readonly name: string
  readonly from: number
  readonly to: number
  readonly wallMs: number
  readonly waitedMs: number
  readonly overheadWallMs: number
  readonly gates: readonly GateSummary[]
  readonly requests: number
  readonly harmed: number
}

export interface GateSummary {
  /** What it is called: its stage, with its service where there are several. */
  readonly name: string
  readonly phase: GatePhase
  readonly stage: string
  readonly index: number
  readonly at: number
  readonly verdict: Verdict
  readonly tests: readonly TestResult[]
  readonly tookMs: number
  readonly bakedMs: number
  readonly suitesWallMs: number
}

export interface SharePoint {
  readonly at: number
  readonly stage: string
  /** Share of 1 by version. */
  readonly shares: Readonly<Record<string, number>>
}

export interface TrafficPoint {
  readonly from: number
  readonly to: number
  readonly stage: string
  readonly counts: readonly { readonly version: string; readonly outcome: Outcome; readonly n: number }[]
  /** Requests that nobody answered in downtime that the plan had announced. */
  readonly announced: number
}

export interface ActionSummary {
  readonly id: number
  readonly scope: string
  readonly kind: string
  readonly what: string
  readonly from: number
  readonly to: number
  readonly outcome: 'done' | 'failed' | 'interrupted' | 'unfinished'
  readonly tookWallMs: number
  readonly calls: number
  readonly error: string | undefined
}

export interface Trouble {
  readonly stage: string
  /** The suites' phase where a gate stopped it. */
  readonly gate: GatePhase | undefined
  readonly status: 'failed' | 'inconclusive' | 'error' | 'interrupted'
  readonly sentence: string
  /** What was seen, most telling first. */
  readonly evidence: readonly string[]
}

/** Folds a journal into what there is to tell. Pure; works on an unfinished journal too. */
export function summarise(journal: Iterable<JournalEvent>): DeploymentSummary {
  const events = [...journal]
  const started = eventsOf(events, 'deployment-started')[0]
  const bounds = boundsOf(events)
  if (!started || !bounds) {
    throw new SluiceError('precondition', 'this journal holds no deployment', {
      hint: 'Name the journal of a deployment that was started.',
    })
  }
  const ended = eventsOf(events, 'deployment-ended')[0]
  const gates = gatesOf(events)
  const shares = sharesOf(events)
  const traffic = trafficOf(events)
  const facts = {
    deployment: started.deployment,
    service: started.service,
    cloud: started.cloud,
    strategy: started.plan.strategy,
    from: started.plan.from,
    to: started.plan.to,
    planHash: started.planHash,
    announcement: describeDowntime(started.plan),
    state: ended?.state ?? ('unfinished' as const),
    cause: eventsOf(events, 'revert-started').at(-1)?.cause,
    exitCode: ended?.exitCode,
    sentence: ended?.sentence,
    trouble: troubleOf(events, gates),
    left: ended?.left ?? [],
    startedAt: started.at,
    endedAt: bounds.last.at,
    startedWallAt: started.wallAt,
    endedWallAt: bounds.last.wallAt,
    rapid: rapidFigures(events),
    repeatable: repeatableFigures(events),
    recoverable: recoverableFigures(events, shares),
    requests: requestFigures(events),
    writes: writesOf(events),
    sections: sectionsOf(events, gates, traffic),
    gates,
    shares,
    traffic,
    actions: actionsOf(events),
    notes: eventsOf(events, 'note').map(({ at, level, text }) => ({ at, level, text })),
  }
  return { ...facts, headline: headlineOf(facts), next: nextStepOf(facts) }
}

/** What became of all writes, those of several sites together. */
function writesOf(events: readonly JournalEvent[]): WritesReport | undefined {
  const reports = eventsOf(events, 'writes-read-back')
  if (reports.length === 0) return undefined
  const sum = (of: (report: WritesReport) => number): number =>
    reports.reduce((all, each) => all + of(each), 0)
  return {
    written: sum(({ written }) => written),
    read: sum(({ read }) => read),
    lost: sum(({ lost }) => lost),
    unread: sum(({ unread }) => unread),
    losses: reports.flatMap(({ losses }) => losses),
  }
}
