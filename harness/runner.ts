import { converge } from './converge/index.ts'
import { missingRoute } from './converge/order.ts'
import { Course, changesInPlace } from './course.ts'
import { type Event, isTerminal, next, type Phase } from './deployment.ts'
import { BEFORE, type DeploymentRun } from './deployment-run.ts'
import { downtimeOf } from './downtime.ts'
import { endStateOf, exitCodeOf, sentenceOf } from './ending.ts'
import { type ErrorCode, SluiceError } from './errors.ts'
import type { StageRef } from './gate.ts'
import type { EndState } from './journal/event.ts'
import { hashPlan } from './plan.ts'
import { readBackWrites } from './read-back.ts'
import { type Decided, revert } from './revert.ts'
import { type Stop, stopOfError, stopOfVerdict } from './stop.ts'
import type { GateSpec, Stage } from './strategy.ts'

export interface DeploymentEnd {
  readonly state: EndState
  readonly exitCode: number
}

/** Errors that close a gate while it is not being judged, and what they are evidence of. */
const CLOSING: Partial<Record<ErrorCode, string>> = {
  unhealthy: 'targets healthy',
  breach: 'traffic before the shift',
}

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
  journal.tolerate()
  await readBackWrites(run.probe, journal)
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
  readonly #course: Course
  #stop: Stop | undefined
  #decided: Decided = { at: 0, wallAt: 0 }
  #left: readonly string[] = []

  constructor(run: DeploymentRun) {
    this.#run = run
    this.#course = new Course(run)
    this.#stop = run.begin?.stop
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
          const stage = this.#course.stage(phase.stage)
          return await this.#judge(stage.gate, this.#course.refTo(stage, phase.stage))
        }
        case 'finishing':
          await this.#finish()
          return { kind: 'finished' }
        case 'reverting':
          this.#left = await revert(this.#course, phase.stage, this.#stop, this.#decided)
          return { kind: this.#left.length === 0 ? 'restored' : 'restore-failed' }
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
    const state = endStateOf(phase, plan)
    const exitCode = exitCodeOf(state, this.#stop)
    journal.append({
      type: 'deployment-ended',
      state,
      exitCode,
      sentence: sentenceOf(state, ref.name, plan, this.#stop),
      left: this.#left,
      after: [this.#course.last],
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
      this.#course.note('warning', `the release is promoted, but tidying up stopped: ${stop.sentence}`)
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
    const result = await gate(spec, stage, interrupt, this.#course.last)
    const { verdict, tests, tookMs, bakedMs, suitesWallMs } = result
    const stop = stopOfVerdict(verdict, result.firstHarmAt) ?? this.#takenBack(stage)
    const event = stop
      ? this.#stopped({ kind: 'gating', stage: stage.index }, stop)
      : ({ kind: 'gate-passed' } as const)
    if (bakedMs > 0) journal.append({ type: 'waited', for: 'bake', what: stage.name, ms: bakedMs })
    journal.append({ type: 'gate-ended', ...what, verdict, tests, tookMs, bakedMs, suitesWallMs })
    return event
  }

  /** A release that was only to be tried is taken back when its last gate has opened. */
  #takenBack({ index, name }: StageRef): Stop | undefined {
    const { takesBack, to, stages } = this.#run.plan
    if (!takesBack || index !== stages.length - 1) return undefined
    return { cause: 'planned', sentence: `${to} passed ${name} and is taken back as planned`, exitCode: 0 }
  }

  async #reach(index: number): Promise<void> {
    const { journal, probe } = this.#run
    const stage = this.#course.stage(index)
    const target = this.#course.target(stage)
    journal.append({ type: 'stage-started', index, name: stage.name })
    const shifts = Object.entries(target.traffic.shares).some(
      ([name, share]) => (this.#course.last.shares[name] ?? 0) !== share,
    )
    const ref = this.#course.refTo(stage, index)
    const routes = missingRoute(this.#course.last, target).length > 0
    // While instances are replaced, traffic is filed apart: the stage is judged by what its mix brought about.
    const replacing = changesInPlace(target) ? `replacing for ${stage.name}` : undefined
    if (replacing) await probe.enter(replacing)
    else if (!shifts && !routes) await this.#course.enter(ref)
    // The stage before keeps its traffic until this one's weights are in force.
    const before = this.#run.plan.stages[index - 1]
    using watch = before && this.#run.watch(this.#course.refTo(before, index - 1))
    const meanwhile = target.downtime ? downtimeOf(stage.name) : replacing
    using also = meanwhile === undefined ? undefined : this.#run.watch({ ...ref, name: meanwhile })
    const watches = [watch, also].flatMap((each) => each?.signal ?? [])
    const signal = AbortSignal.any([this.#run.interrupt, ...watches])
    try {
      const run = {
        ...this.#course.convergence(signal, ref),
        ...this.#course.goingDown(stage.name, target, 'forward'),
      }
      this.#course.last = await converge(run, target, 'forward', this.#course.last)
      if (replacing) await probe.enter(stage.name)
    } catch (thrown) {
      this.#closeGate(stage, index, thrown)
      throw thrown
    }
    const versions = Object.fromEntries(this.#course.last.fleets.map((fleet) => [fleet.name, fleet.release]))
    journal.append({
      type: 'stage-reached',
      index,
      name: stage.name,
      shares: { [this.#run.before.scope]: this.#course.last.shares },
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
    const target = this.#course.target(last)
    const kept = Object.entries(target.fleets).filter(([name]) => !old.includes(name))
    const run = this.#course.convergence(new AbortController().signal, last)
    this.#course.last = await converge(run, { ...target, fleets: Object.fromEntries(kept) }, 'forward')
  }
}
