import type { Action } from './converge/action.ts'
import type { Convergence } from './converge/index.ts'
import { canTakeTraffic } from './converge/order.ts'
import type { DeploymentRun } from './deployment-run.ts'
import { downtimeOf } from './downtime.ts'
import { describeError, SluiceError } from './errors.ts'
import type { StageRef } from './gate.ts'
import { mixesOf } from './mix.ts'
import { confirmShift } from './propagation.ts'
import { headersOf } from './route.ts'
import type { ServiceSnapshot, Stage, Target } from './strategy.ts'

/** Wall milliseconds in which requests under way are answered, before announced downtime begins. */
const UNDER_WAY = 500

/** Where a deployment stands in the cloud, and how it converges from there: the same on the way forward and back. */
export class Course {
  readonly run: DeploymentRun
  readonly #scope: string
  /** The service as it is known to be. */
  last: ServiceSnapshot
  #actions: number

  constructor(run: DeploymentRun) {
    this.run = run
    this.#scope = run.before.scope
    this.last = run.begin?.observed ?? run.before
    this.#actions = run.begin?.actions ?? 0
  }

  /** `stage` names what the probe's traffic is filed under once its weights are in force. */
  convergence(
    signal: AbortSignal,
    stage: Pick<StageRef, 'name' | 'downtime' | 'route'> | undefined,
  ): Convergence {
    const { cloud, ref, release, journal, calls } = this.run
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
        if (action.kind === 'add-route' && stage) await this.enter(stage)
        if (action.kind !== 'set-weights') return
        const known = this.last
        this.last = { ...observed, shares: action.shares }
        if (stage === undefined || action.reason !== 'shift') return
        await confirmShift(this.run, known, this.last, stage, signal)
        await this.enter(stage)
      },
    }
  }

  /** Files the probe's traffic under a stage, and sends it as those clients whom the stage sends elsewhere. */
  async enter({ name, route }: Pick<StageRef, 'name' | 'route'>): Promise<void> {
    await this.run.probe.enter(name, route && headersOf(route))
  }

  /** A fleet that is about to shrink can no longer be given traffic on the strength of what was seen before. */
  #foresee(action: Action): void {
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
    const { probe, cloud } = this.run
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

  stage(index: number): Stage {
    const stage = this.run.plan.stages[index]
    if (stage) return stage
    throw new SluiceError('internal', `the plan has no stage ${index}`)
  }

  refTo(stage: Stage, index: number): StageRef {
    const target = this.target(stage)
    const mixes = mixesOf(target)
    return {
      index,
      name: stage.name,
      shares: target.traffic.shares,
      ...(mixes ? { mixes } : {}),
      ...(target.traffic.route ? { route: target.traffic.route } : {}),
      ...(target.downtime ? { downtime: target.downtime } : {}),
    }
  }

  target(stage: Stage): Target {
    const target = stage.targets[this.#scope]
    if (target) return target
    throw new SluiceError('internal', `stage ${stage.name} says nothing of ${this.#scope}`)
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
    this.run.journal.append({ type: 'note', level, text })
  }
}

export const changesInPlace = (target: Target): boolean =>
  Object.values(target.fleets).some((goal) => goal.mix)
