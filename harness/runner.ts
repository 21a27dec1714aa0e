import { Course } from './course.ts'
import { type Event, isTerminal, next, type Phase } from './deployment.ts'
import { BEFORE, type DeploymentRun } from './deployment-run.ts'
import { endStateOf, exitCodeOf, sentenceOf } from './ending.ts'
import { SluiceError } from './errors.ts'
import { finishSite } from './finish.ts'
import type { EndState, Entry } from './journal/event.ts'
import { GateClosed, judgeSite } from './judge-site.ts'
import { hashPlan } from './plan.ts'
import { closedBy, reachStage } from './reach.ts'
import { readBackWrites } from './read-back.ts'
import { type Decided, revert } from './revert.ts'
import { type Stop, stopOfError } from './stop.ts'
import type { GateSpec, Scope, Stage } from './strategy.ts'
import { together } from './together.ts'

export interface DeploymentEnd {
  readonly state: EndState
  readonly exitCode: number
}

/** What is looked at before the first change, everywhere. */
const PREPARING: GateSpec = { suites: 'pre-deploy', bake: 0, extend: 0 }

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
  return await deployment.end(phase)
}

function announce({ name, journal, plan, cloud, sites }: DeploymentRun): void {
  const { kind, address, clock } = cloud
  const [first] = sites
  if (!first) throw new SluiceError('internal', 'a deployment of nothing')
  journal.append({
    type: 'deployment-started',
    service: name,
    cloud: {
      kind,
      account: address.account,
      region: first.ref.region,
      scale: clock.scale,
      ...(address.endpoint === undefined ? {} : { endpoint: new URL(address.endpoint).origin }),
    },
    release: first.release,
    ...(sites.length > 1
      ? { releases: Object.fromEntries(sites.map(({ before, release }) => [before.scope, release])) }
      : {}),
    plan,
    planHash: hashPlan(plan),
    before: sites.map(({ before }) => before),
  })
}

class Deployment {
  readonly #run: DeploymentRun
  readonly #courses: readonly Course[]
  #stop: Stop | undefined
  #decided: Decided = { at: 0, wallAt: 0 }
  #left: readonly string[] = []
  /** Scopes that have arrived for good and are not taken back with the others. */
  #kept: readonly Scope[] = []

  constructor(run: DeploymentRun) {
    this.#run = run
    const { begin, sites, cloud } = run
    let actions = begin?.actions ?? 0
    this.#courses = sites.map(
      (site, at) => new Course(run, site, begin?.observed[at] ?? site.before, () => actions++),
    )
    this.#stop = begin?.stop
    if (begin) this.#decided = { at: cloud.clock.now(), wallAt: cloud.clock.wall.now() }
  }

  /** Does what a phase is for; everything that goes wrong comes back as an event. */
  async perform(phase: Phase): Promise<Event> {
    try {
      switch (phase.kind) {
        case 'planned':
          this.#run.interrupt.throwIfAborted()
          return { kind: 'started' }
        case 'preparing':
          return await this.#prepare()
        case 'converging':
          await this.#reach(phase.stage)
          return { kind: 'converged' }
        case 'gating':
          return await this.#judge(phase.stage)
        case 'finishing':
          await Promise.all(this.#courses.map((course) => this.#run.apart(() => finishSite(course))))
          return { kind: 'finished' }
        case 'reverting':
          return await this.#revert(phase.stage)
        default:
          throw new SluiceError('internal', `nothing is to be done when ${phase.kind}`)
      }
    } catch (thrown) {
      return this.#stopped(phase, thrown instanceof GateClosed ? thrown.stop : stopOfError(thrown))
    }
  }

  async #revert(index: number): Promise<Event> {
    const earlier = this.#run.plan.stages.slice(0, index)
    this.#kept = earlier.flatMap(({ settles = [] }) => settles)
    const { name } = this.#stage(index)
    this.#left = await revert(this.#run, this.#toGoBack(index), name, this.#stop, this.#decided)
    return { kind: this.#left.length === 0 ? 'restored' : 'restore-failed' }
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

  async end(phase: Phase): Promise<DeploymentEnd> {
    const { journal, plan, name } = this.#run
    await Promise.all(this.#courses.map(({ site, mark }) => readBackWrites(site, journal, mark)))
    const state = endStateOf(phase, plan)
    const exitCode = exitCodeOf(state, this.#stop)
    journal.append({
      type: 'deployment-ended',
      state,
      exitCode,
      sentence: sentenceOf(state, name, plan, this.#stop, this.#kept),
      left: this.#left,
      calls: this.#run.calls().all,
      after: this.#courses.map(({ last }) => last),
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
      const text = `the release is promoted, but tidying up stopped: ${stop.sentence}`
      this.#run.journal.append({ type: 'note', level: 'warning', text })
    } else {
      this.#decided = { at: clock.now(), wallAt: clock.wall.now() }
      this.#stop = stop
    }
    return { kind: 'stopped', cause: stop.cause }
  }

  #stage(index: number): Stage {
    const stage = this.#run.plan.stages[index]
    if (stage) return stage
    throw new SluiceError('internal', `the plan has no stage ${index}`)
  }

  async #prepare(): Promise<Event> {
    await together(this.#courses, this.#run.interrupt, (course, signal) =>
      judgeSite(course, PREPARING, { index: -1, name: BEFORE, shares: course.site.before.shares }, signal),
    )
    return { kind: 'gate-passed' }
  }

  async #reach(index: number): Promise<void> {
    const { journal, interrupt } = this.#run
    const stage = this.#stage(index)
    journal.append({ type: 'stage-started', index, name: stage.name })
    const { named, others } = this.#inStage(stage)
    await this.#closingGate(index, () =>
      together(named, interrupt, (course, signal) => reachStage(course, stage, index, signal), others),
    )
    journal.append({ type: 'stage-reached', index, name: stage.name, ...standing(this.#courses) })
  }

  async #judge(index: number): Promise<Event> {
    const stage = this.#stage(index)
    const { named, others } = this.#inStage(stage)
    const judge = (course: Course, signal: AbortSignal): Promise<void> => {
      const spec = stage.gates?.[course.scope] ?? stage.gate
      const neighbours = this.#courses.filter((other) => other !== course)
      return judgeSite(course, spec, course.refTo(stage, index), signal, neighbours)
    }
    await this.#closingGate(index, () => together(named, this.#run.interrupt, judge, others))
    const { takesBack, to, stages } = this.#run.plan
    if (!takesBack || index !== stages.length - 1) return { kind: 'gate-passed' }
    // A release that was only to be tried is taken back when its last gate has opened.
    const sentence = `${to} passed ${stage.name} and is taken back as planned`
    throw new GateClosed({ cause: 'planned', sentence, exitCode: 0 })
  }

  /** What harms users while no gate looks closes the gate of the stage at hand. */
  async #closingGate(index: number, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      for (const entry of closedBy(this.#stage(index), index, thrown)) this.#run.journal.append(entry)
      throw thrown
    }
  }

  /** The sites that a stage says something of, and those under way already that it does not: they are watched. */
  #inStage({ targets }: Stage): { readonly named: readonly Course[]; readonly others: readonly Course[] } {
    const isNamed = ({ scope }: Course): boolean => targets[scope] !== undefined
    return {
      named: this.#courses.filter(isNamed),
      others: this.#courses.filter((course) => !isNamed(course)),
    }
  }

  /** The sites that have to go back from a stage, in the order of their going; others that have arrived stay. */
  #toGoBack(index: number): readonly (readonly Course[])[] {
    const { back = [this.#courses.map(({ scope }) => scope)] } = this.#run.plan
    const touched = this.#courses.filter(
      (course) => course.stagesHere(index).length > 0 && !this.#kept.includes(course.scope),
    )
    return back
      .map((scopes) => touched.filter(({ scope }) => scopes.includes(scope)))
      .filter((group) => group.length > 0)
  }
}

/** Weights as they are known, with what each fleet runs, of every site. */
function standing(
  courses: readonly Course[],
): Pick<Extract<Entry, { type: 'stage-reached' }>, 'shares' | 'versions' | 'mixes'> {
  const byScope = <Value>(of: (course: Course) => Value): Record<Scope, Value> =>
    Object.fromEntries(courses.map((course) => [course.scope, of(course)]))
  const mixed = courses.filter(({ reached }) => reached?.mixes)
  return {
    shares: byScope(({ last }) => last.shares),
    versions: byScope(({ last }) =>
      Object.fromEntries(last.fleets.map(({ name, release }) => [name, release])),
    ),
    ...(mixed.length > 0
      ? { mixes: Object.fromEntries(mixed.map(({ scope, reached }) => [scope, reached?.mixes ?? {}])) }
      : {}),
  }
}
