import { type Action, isGradual, isRouting, isShift } from './converge/action.ts'
import type { Convergence } from './converge/index.ts'
import { canTakeTraffic } from './converge/order.ts'
import type { DeploymentRun, Site } from './deployment-run.ts'
import { downtimeOf } from './downtime.ts'
import { describeError, SluiceError } from './errors.ts'
import type { StageRef } from './gate.ts'
import { mixesOf } from './mix.ts'
import { confirmShift, settlingOf } from './propagation.ts'
import { headersOf } from './route.ts'
import type { Scope, ServiceSnapshot, Stage, Target } from './strategy.ts'

/** Wall milliseconds in which requests under way are answered, before announced downtime begins. */
const UNDER_WAY = 500

/** Where one site of a deployment stands, and how it converges from there: the same on the way forward and back. */
export class Course {
  readonly run: DeploymentRun
  readonly site: Site
  /** The service as it is known to be. */
  last: ServiceSnapshot
  /** The last stage that was reached here; traffic is filed under it until the next. */
  reached: StageRef | undefined
  readonly #nextAction: () => number

  constructor(run: DeploymentRun, site: Site, observed: ServiceSnapshot, nextAction: () => number) {
    this.run = run
    this.site = site
    this.last = observed
    this.#nextAction = nextAction
  }

  get scope(): Scope {
    return this.site.before.scope
  }

  /** `stage` names what the probe's traffic is filed under once its weights are in force. */
  convergence(
    signal: AbortSignal,
    stage: Pick<StageRef, 'name' | 'downtime' | 'route'> | undefined,
  ): Convergence {
    const { cloud, journal, calls } = this.run
    const { ref, release } = this.site
    return {
      cloud,
      ref,
      release,
      journal,
      signal,
      calls: () => calls().all,
      nextAction: this.#nextAction,
      onBegin: async (action) => {
        this.#foresee(action)
        if (isGradual(action) && (action.kind === 'set-attached' || isShift(action)) && stage)
          await this.site.probe.enter(settlingOf(stage.name))
      },
      onDone: async (action, observed) => {
        if (action.kind === 'add-route' && stage) await this.enter(stage)
        if (!isRouting(action)) return
        const known = isGradual(action) ? observed : this.last
        this.last = { ...observed, shares: action.shares }
        if (stage === undefined || !isShift(action)) return
        await confirmShift(this, known, this.last, stage, signal)
        await this.enter(stage)
      },
    }
  }

  /** Files the probe's traffic under a stage, and sends it as those clients whom the stage sends elsewhere. */
  async enter({ name, route }: Pick<StageRef, 'name' | 'route'>): Promise<void> {
    await this.site.probe.enter(name, route && headersOf(route))
  }

  /**
   * A fleet that is about to shrink can no longer be given traffic on the strength of what was seen before. Records and
   * registered instances lead users elsewhere long before the change of them is over.
   */
  #foresee(action: Action): void {
    if (isGradual(action)) this.last = { ...this.last, shares: action.shares }
    if (action.kind !== 'set-capacity') return
    const { desiredCapacity: goal } = action.target
    const fleets = this.last.fleets.map((fleet) =>
      fleet.name === action.fleet && goal < fleet.desiredCapacity
        ? { ...fleet, desiredCapacity: goal, healthy: Math.min(fleet.healthy, goal) }
        : fleet,
    )
    this.last = { ...this.last, fleets }
  }

  /** Where a target announces downtime, traffic is filed apart as soon as what serves goes down, or is found so. */
  goingDown(stage: string, target: Target, way: 'forward' | 'back'): Pick<Convergence, 'onBegin'> {
    if (!target.downtime) return {}
    const { cloud } = this.run
    const { probe } = this.site
    let entered = false
    return {
      onBegin: async (action, observed) => {
        this.#foresee(action)
        const shrinks = action.kind === 'set-capacity' && action.reason === 'down'
        if (entered || !(way === 'back' ? !canTakeTraffic(observed, target) : shrinks)) return
        entered = true
        await this.unlessProbeFails(() => probe.enter(downtimeOf(stage)))
        // What was sent before belongs to before: it has its answer, or a fair chance of one, when the fleet goes.
        await cloud.clock.wall.sleep(UNDER_WAY)
      },
    }
  }

  refTo(stage: Stage, index: number): StageRef {
    const target = this.target(stage)
    const mixes = mixesOf(target)
    return {
      index,
      name: stage.name,
      shares: target.traffic.shares,
      capacity: Object.fromEntries(
        Object.entries(target.fleets).map(([name, { desiredCapacity }]) => [name, desiredCapacity]),
      ),
      ...(mixes ? { mixes } : {}),
      ...(target.traffic.route ? { route: target.traffic.route } : {}),
      ...(target.traffic.test ? { test: target.traffic.test } : {}),
      ...(target.downtime ? { downtime: target.downtime } : {}),
    }
  }

  target(stage: Stage): Target {
    const target = stage.targets[this.scope]
    if (target) return target
    throw new SluiceError('internal', `stage ${stage.name} says nothing of ${this.scope}`)
  }

  /** What is recorded of this site, where there are others. */
  get mark(): { readonly scope?: Scope } {
    return this.run.sites.length > 1 ? { scope: this.scope } : {}
  }

  /** Every stage that says something of this site, up to one of the plan's. */
  stagesHere(upTo = this.run.plan.stages.length - 1): readonly Stage[] {
    return this.run.plan.stages.slice(0, upTo + 1).filter(({ targets }) => targets[this.scope])
  }

  /** A probe that died is a reason to go back, never one that keeps from going back. */
  async unlessProbeFails(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      this.note('warning', `the probe does not answer: ${describeError(thrown)}`)
    }
  }

  note(level: 'info' | 'warning', text: string): void {
    this.run.journal.append({ type: 'note', level, text: this.tell(text) })
  }

  /** A sentence about this site, which says so where there are others. */
  tell(text: string): string {
    return this.run.sites.length > 1 ? `${this.scope}: ${text}` : text
  }
}

export const changesInPlace = (target: Target): boolean =>
  Object.values(target.fleets).some((goal) => goal.mix)
