import type { Cloud } from './cloud.ts'
import { type Action, describeAction } from './converge/action.ts'
import { type Convergence, converge, journaled } from './converge/index.ts'
import { observeService } from './converge/observe.ts'
import { canTakeTraffic, order } from './converge/order.ts'
import { type Event, isTerminal, next, type Phase } from './deployment.ts'
import { downtimeOf } from './downtime.ts'
import { endStateOf, exitCodeOf, sentenceOf } from './ending.ts'
import { describeError, type ErrorCode, SluiceError } from './errors.ts'
import type { GateResult } from './gate/run-gate.ts'
import type { ServiceRef, StageRef } from './gate.ts'
import type { EndState } from './journal/event.ts'
import type { Journal } from './journal/journal.ts'
import { mixesOf } from './mix.ts'
import { hashPlan } from './plan.ts'
import type { Probe, TrafficView } from './probe.ts'
import { confirmShift, lastSeen } from './propagation.ts'
import { noteRestored, restoreTraffic } from './revert.ts'
import { type Stop, stopOfError, stopOfVerdict } from './stop.ts'
import type { GateSpec, Plan, Release, ServiceSnapshot, Stage, Target } from './strategy.ts'

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

export interface DeploymentEnd {
  readonly state: EndState
  readonly exitCode: number
}

/** Errors that close a gate while it is not being judged, and what they are evidence of. */
const CLOSING: Partial<Record<ErrorCode, string>> = {
  unhealthy: 'targets healthy',
  breach: 'traffic before the shift',
}

/** How often the way back is tried before a person is asked for. Pauses double, in cloud time. */
const REVERT_ATTEMPTS = 6
const REVERT_PAUSE = 2_000
/** Wall milliseconds in which requests under way are answered, before announced downtime begins. */
const UNDER_WAY = 500

/** Performs a plan: gate, converge, gate, … and promotes or reverts. Never rejects once the deployment has begun. */
export async function runDeployment(run: DeploymentRun): Promise<DeploymentEnd> {
  const { journal, plan, begin } = run
  if (begin?.after === undefined) announce(run)
  const deployment = new Deployment(run)
  let phase: Phase = { kind: 'planned' }
  if (begin) {
    journal.append({ type: 'phase', from: begin.after ?? phase.kind, to: begin.phase.kind })
    phase = begin.phase
  }
  while (!isTerminal(phase)) {
    const event = await deployment.perform(phase)
    phase = deployment.enter(phase, next(phase, event, plan.stages.length))
  }
  return deployment.end(phase)
}

function announce({ journal, plan, cloud, ref, release, before }: DeploymentRun): void {
  const { kind, address, clock } = cloud
  journal.append({
    type: 'deployment-started',
    service: ref.name,
    cloud: {
      kind,
      account: address.account,
      region: ref.region,
      scale: clock.scale,
      ...(address.endpoint === undefined ? {} : { endpoint: new URL(address.endpoint).origin }),
    },
    release,
    plan,
    planHash: hashPlan(plan),
    before: [before],
  })
}

class Deployment {
  readonly #run: DeploymentRun
  readonly #scope: string
  #last: ServiceSnapshot
  #stop: Stop | undefined
  #decided = { at: 0, wallAt: 0 }
  #actions = 0
  #left: readonly string[] = []

  constructor(run: DeploymentRun) {
    this.#run = run
    this.#scope = run.before.scope
    this.#last = run.begin?.observed ?? run.before
    this.#stop = run.begin?.stop
    this.#actions = run.begin?.actions ?? 0
    const { clock } = run.cloud
    if (run.begin) this.#decided = { at: clock.now(), wallAt: clock.wall.now() }
  }

  /** Does what a phase is for; everything that goes wrong comes back as an event. */
  async perform(phase: Phase): Promise<Event> {
    try {
      switch (phase.kind) {
        case 'planned':
          this.#run.interrupt.throwIfAborted()
          return { kind: 'started' }
        case 'preparing':
          return await this.#judge(
            { suites: 'pre-deploy', bake: 0, extend: 0 },
            { index: -1, name: BEFORE, shares: this.#run.before.shares },
          )
        case 'converging':
          await this.#reach(phase.stage)
          return { kind: 'converged' }
        case 'gating': {
          const stage = this.#stage(phase.stage)
          return await this.#judge(stage.gate, this.#refTo(stage, phase.stage))
        }
        case 'finishing':
          await this.#finish()
          return { kind: 'finished' }
        case 'reverting':
          return await this.#revert(phase.stage)
        default:
          throw new SluiceError('internal', `nothing is to be done when ${phase.kind}`)
      }
    } catch (thrown) {
      return this.#stopped(phase, stopOfError(thrown))
    }
  }

  /** Records a change of phase. A journal that cannot be written is a reason to go back, like any other error. */
  enter(from: Phase, to: Phase): Phase {
    const { journal, plan } = this.#run
    try {
      journal.append({ type: 'phase', from: from.kind, to: to.kind })
      return to
    } catch (thrown) {
      journal.tolerate()
      if (isTerminal(to) || to.kind === 'reverting') return to
      return next(to, this.#stopped(to, stopOfError(thrown)), plan.stages.length)
    }
  }

  end(phase: Phase): DeploymentEnd {
    const { journal, plan, ref } = this.#run
    journal.tolerate()
    const state = endStateOf(phase, plan)
    const exitCode = exitCodeOf(state, this.#stop)
    journal.append({
      type: 'deployment-ended',
      state,
      exitCode,
      sentence: sentenceOf(state, ref.name, plan, this.#stop),
      left: this.#left,
      after: [this.#last],
    })
    return { state, exitCode }
  }

  #stopped(phase: Phase, stop: Stop): Event {
    const { clock } = this.#run.cloud
    if (phase.kind === 'reverting') {
      this.#left = [`the way back could not be taken: ${stop.sentence}`]
      return { kind: 'restore-failed' }
    }
    if (phase.kind === 'finishing') {
      this.#note('warning', `the release is promoted, but tidying up stopped: ${stop.sentence}`)
    } else {
      this.#decided = { at: clock.now(), wallAt: clock.wall.now() }
      this.#stop = stop
    }
    return { kind: 'stopped', cause: stop.cause }
  }

  async #judge(spec: GateSpec, stage: StageRef): Promise<Event> {
    const { journal, interrupt, gate } = this.#run
    const what = { phase: spec.suites, stage: stage.name, index: stage.index }
    journal.append({ type: 'gate-started', ...what })
    const result = await gate(spec, stage, interrupt, this.#last)
    const { verdict, tests, tookMs, bakedMs, suitesWallMs } = result
    const stop = stopOfVerdict(verdict, result.firstHarmAt)
    const event = stop
      ? this.#stopped({ kind: 'gating', stage: stage.index }, stop)
      : ({ kind: 'gate-passed' } as const)
    if (bakedMs > 0) journal.append({ type: 'waited', for: 'bake', what: stage.name, ms: bakedMs })
    journal.append({ type: 'gate-ended', ...what, verdict, tests, tookMs, bakedMs, suitesWallMs })
    return event
  }

  async #reach(index: number): Promise<void> {
    const { journal, probe } = this.#run
    const stage = this.#stage(index)
    const target = this.#target(stage)
    journal.append({ type: 'stage-started', index, name: stage.name })
    const shifts = Object.entries(target.traffic.shares).some(
      ([name, share]) => (this.#last.shares[name] ?? 0) !== share,
    )
    const ref = this.#refTo(stage, index)
    // While instances are replaced, traffic is filed apart: the stage is judged by what its mix brought about.
    const replacing = changesInPlace(target) ? `replacing for ${stage.name}` : undefined
    if (!shifts || replacing) await probe.enter(replacing ?? stage.name)
    // The stage before keeps its traffic until this one's weights are in force.
    const before = this.#run.plan.stages[index - 1]
    using watch = before && this.#run.watch(this.#refTo(before, index - 1))
    const meanwhile = target.downtime ? downtimeOf(stage.name) : replacing
    using also = meanwhile === undefined ? undefined : this.#run.watch({ ...ref, name: meanwhile })
    const watches = [watch, also].flatMap((each) => each?.signal ?? [])
    const signal = AbortSignal.any([this.#run.interrupt, ...watches])
    try {
      const run = { ...this.#convergence(signal, ref), ...this.#goingDown(stage.name, target, 'forward') }
      this.#last = await converge(run, target, 'forward', this.#last)
      if (replacing) await probe.enter(stage.name)
    } catch (thrown) {
      this.#closeGate(stage, index, thrown)
      throw thrown
    }
    const versions = Object.fromEntries(this.#last.fleets.map((fleet) => [fleet.name, fleet.release]))
    journal.append({
      type: 'stage-reached',
      index,
      name: stage.name,
      shares: { [this.#scope]: this.#last.shares },
      versions,
      ...(ref.mixes ? { mixes: ref.mixes } : {}),
    })
  }

  /** A release that does not become healthy, or harms users on the way, closes the gate of the stage it was to reach. */
  #closeGate(stage: Stage, index: number, thrown: unknown): void {
    const metric = thrown instanceof SluiceError ? CLOSING[thrown.code] : undefined
    if (!(thrown instanceof SluiceError) || metric === undefined) return
    const sentence = thrown.message
    const evidence = [{ metric, status: 'failed', sentence }] as const
    const gate = { phase: stage.gate.suites, stage: stage.name, index }
    this.#run.journal.append({ type: 'gate-started', ...gate })
    this.#run.journal.append({
      type: 'gate-ended',
      ...gate,
      verdict: { status: 'failed', sentence, evidence },
      tests: [],
      tookMs: 0,
      bakedMs: 0,
      suitesWallMs: 0,
    })
  }

  /** Clears away what deployments before this one left parked; the fleet just replaced stays, as the way back. */
  async #finish(): Promise<void> {
    const old = this.#run.before.fleets
      .filter((fleet) => fleet.owned && fleet.role === 'parked')
      .map(({ name }) => name)
    const last = this.#run.plan.stages.at(-1)
    if (old.length === 0 || !last) return
    const target = this.#target(last)
    const kept = Object.entries(target.fleets).filter(([name]) => !old.includes(name))
    const run = this.#convergence(new AbortController().signal, last)
    this.#last = await converge(run, { ...target, fleets: Object.fromEntries(kept) }, 'forward')
  }

  async #revert(index: number): Promise<Event> {
    const { journal, plan, interrupt, cloud } = this.#run
    const stage = this.#stage(index).name
    const target = this.#target(plan.baseline)
    const stop = this.#stop
    // The way back is not interrupted by what stopped the way forward, and has deadlines of its own.
    const run = this.#convergence(new AbortController().signal, undefined)
    let trouble: unknown
    journal.tolerate()
    journal.append({
      type: 'revert-started',
      cause: stop?.cause ?? 'error',
      stage,
      sentence: stop?.sentence ?? String(interrupt.reason),
      detectedAt: stop?.detectedAt ?? this.#decided.at,
      decidedAt: this.#decided.at,
      decidedWallAt: this.#decided.wallAt,
    })
    for (let attempt = 0; attempt < REVERT_ATTEMPTS; attempt++) {
      try {
        const known = this.#last
        const writes = (): number => this.#run.calls().writes
        // Where a fleet may be at 0, what is known is no ground for routing to it; where it was changed in place, it has
        // the traffic, and not yet the release.
        if (!target.downtime && !changesInPlace(target))
          this.#last = await restoreTraffic(run, known, target, this.#decided, writes)
        if (!target.downtime) await this.#unlessProbeFails(() => this.#run.probe.enter('reverted'))
        let restored = this.#last !== known
        const before = writes()
        const note = (calls: number): void => {
          if (!restored) noteRestored(run, this.#decided, calls)
          restored = true
        }
        const onDone: Convergence['onDone'] = async (action, observed) => {
          await run.onDone?.(action, observed)
          if (action.kind === 'set-weights' && action.reason === 'shift') note(writes() - before)
        }
        await this.#clearRemains(run, target)
        const back = { ...run, ...this.#goingDown('reverted', target, 'back'), onDone }
        this.#last = await converge(back, target, 'back')
        if (target.downtime) await this.#unlessProbeFails(() => this.#run.probe.enter('reverted'))
        note(hadItAll(known, target) ? 0 : writes() - before)
        await this.#unlessProbeFails(() => lastSeen(this.#run, this.#decided))
        return { kind: 'restored' }
      } catch (thrown) {
        trouble = thrown
        if (thrown instanceof SluiceError && thrown.code === 'busy') return this.#takenOver(thrown)
        this.#note('warning', `the way back met a problem (attempt ${attempt + 1}): ${describeError(thrown)}`)
        await cloud.clock.sleep(REVERT_PAUSE * 2 ** attempt)
        this.#last = await this.#lookAgain()
      }
    }
    this.#left = [
      ...order(this.#last, target, 'back').map(describeAction),
      `the last problem was: ${describeError(trouble)}`,
    ]
    return { kind: 'restore-failed' }
  }

  /** What this deployment was cut off from creating, or from removing, is no fleet, and so no target speaks of it. */
  async #clearRemains(run: Convergence, target: Target): Promise<void> {
    const named = this.#run.plan.stages.flatMap((stage) => Object.keys(this.#target(stage).fleets))
    const known = new Set([...Object.keys(target.fleets), ...this.#last.fleets.map(({ name }) => name)])
    for (const fleet of new Set(named)) {
      if (!known.has(fleet)) await journaled(run, { kind: 'clear-remains', fleet }, this.#last)
    }
  }

  /** Another deployment holds the service now: whatever is done here would be done behind its back. */
  #takenOver(busy: SluiceError): Event {
    this.#left = [`${busy.message}; it decides what becomes of the service`]
    return { kind: 'restore-failed' }
  }

  /** A probe that died is a reason to go back, never one that keeps from going back. */
  async #unlessProbeFails(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      this.#note('warning', `the probe does not answer: ${describeError(thrown)}`)
    }
  }

  /** The service as it is; when the cloud does not say, as it was known. */
  async #lookAgain(): Promise<ServiceSnapshot> {
    try {
      return await observeService(this.#run.cloud, this.#run.ref)
    } catch (thrown) {
      this.#note('warning', `the service cannot be observed: ${describeError(thrown)}`)
      return this.#last
    }
  }

  /** `stage` names what the probe's traffic is filed under once its weights are in force. */
  #convergence(signal: AbortSignal, stage: Pick<StageRef, 'name' | 'downtime'> | undefined): Convergence {
    const { cloud, ref, release, journal, calls } = this.#run
    return {
      cloud,
      ref,
      release,
      journal,
      signal,
      calls: () => calls().all,
      nextAction: () => this.#actions++,
      onBegin: async (action) => this.#foresee(action),
      onDone: async (action, observed) => {
        if (action.kind !== 'set-weights') return
        const known = this.#last
        this.#last = { ...observed, shares: action.shares }
        if (stage === undefined || action.reason !== 'shift') return
        await confirmShift(this.#run, known, this.#last, stage, signal)
        await this.#run.probe.enter(stage.name)
      },
    }
  }

  /** A fleet that is about to shrink can no longer be given traffic on the strength of what was seen before. */
  #foresee(action: Action): void {
    if (action.kind !== 'set-capacity') return
    const { desiredCapacity: goal } = action.target
    const fleets = this.#last.fleets.map((fleet) =>
      fleet.name === action.fleet && goal < fleet.desiredCapacity
        ? { ...fleet, desiredCapacity: goal, healthy: Math.min(fleet.healthy, goal) }
        : fleet,
    )
    this.#last = { ...this.#last, fleets }
  }

  /** Where a target announces downtime, traffic is filed apart as soon as what serves goes down, or is found so. */
  #goingDown(stage: string, target: Target, way: 'forward' | 'back'): Pick<Convergence, 'onBegin'> {
    if (!target.downtime) return {}
    const { probe, cloud } = this.#run
    let entered = false
    return {
      onBegin: async (action, observed) => {
        this.#foresee(action)
        const shrinks = action.kind === 'set-capacity' && action.reason === 'down'
        if (entered || !(way === 'back' ? !canTakeTraffic(observed, target) : shrinks)) return
        entered = true
        await this.#unlessProbeFails(() => probe.enter(downtimeOf(stage)))
        // What was sent before belongs to before: it has its answer, or a fair chance of one, when the fleet goes.
        await cloud.clock.wall.sleep(UNDER_WAY)
      },
    }
  }

  #stage(index: number): Stage {
    const stage = this.#run.plan.stages[index]
    if (stage) return stage
    throw new SluiceError('internal', `the plan has no stage ${index}`)
  }

  #refTo(stage: Stage, index: number): StageRef {
    const target = this.#target(stage)
    const mixes = mixesOf(target)
    return {
      index,
      name: stage.name,
      shares: target.traffic.shares,
      ...(mixes ? { mixes } : {}),
      ...(target.downtime ? { downtime: target.downtime } : {}),
    }
  }

  #target(stage: Stage): Target {
    const target = stage.targets[this.#scope]
    if (target) return target
    throw new SluiceError('internal', `stage ${stage.name} says nothing of ${this.#scope}`)
  }

  #note(level: 'info' | 'warning', text: string): void {
    this.#run.journal.append({ type: 'note', level, text })
  }
}

const changesInPlace = (target: Target): boolean => Object.values(target.fleets).some((goal) => goal.mix)

/** Whether only fleets that shall have traffic had any, and run what they shall; where one had to stop, nobody can say so. */
const hadItAll = (known: ServiceSnapshot, target: Target): boolean =>
  target.downtime === undefined &&
  !changesInPlace(target) &&
  Object.entries(known.shares).every(([name, share]) => share === 0 || (target.traffic.shares[name] ?? 0) > 0)
