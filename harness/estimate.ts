import type { Action } from './converge/action.ts'
import { walk } from './converge/changes.ts'
import type { Plan, ServiceSnapshot } from './strategy.ts'

/** What AWS commonly takes, in cloud milliseconds: a boot and the first health checks, a termination, new weights. */
const BOOT_AND_HEALTH = 90_000
const TERMINATION = 30_000
const PROPAGATION = 5_000

/** What a stage is expected to take, in cloud milliseconds. */
export interface StageEstimate {
  readonly name: string
  readonly bake: number
  /** Instances that boot and become healthy; what drains and is terminated. */
  readonly boots: number
  readonly drains: number
  readonly whole: number
  /** From the decision to go back until the old release has all traffic again; 0 where that is one call. */
  readonly back: number
}

/**
 * How long each stage of a plan takes if nothing comes in between, and how long the way back from it. What happens at
 * several sites at once takes as long as where it takes longest. Pure.
 */
export function estimate(plan: Plan, before: readonly ServiceSnapshot[]): readonly StageEstimate[] {
  const sites = before.map((service) => estimateAt(plan, service))
  return plan.stages.map(({ name, gate }) => {
    const here = sites.flatMap((stages) => stages.get(name) ?? [])
    const most = (of: (each: StageEstimate) => number): number => Math.max(0, ...here.map(of))
    return {
      name,
      bake: here.length > 0 ? most(({ bake }) => bake) : gate.bake,
      boots: most(({ boots }) => boots),
      drains: most(({ drains }) => drains),
      whole: most(({ whole }) => whole),
      back: most(({ back }) => back),
    }
  })
}

function estimateAt(plan: Plan, before: ServiceSnapshot): ReadonlyMap<string, StageEstimate> {
  const stages = [...walk(plan, before)].map(({ stage, forward, back, at }): StageEstimate => {
    const waits = forward.map((action) => waitsFor(action, before))
    const boots = sum(waits.map((wait) => wait.boots))
    const drains = sum(waits.map((wait) => wait.drains))
    const shifts = forward.some(isShift) ? PROPAGATION : 0
    const { bake } = stage.gates?.[before.scope] ?? stage.gate
    const until = back.findIndex(isShift)
    // Where no weight shifts, instances are replaced in place, or the old release never lost any traffic.
    const inPlace = back.some(({ kind }) => kind === 'refresh' || kind === 'roll-back')
    const needed = until >= 0 ? back.slice(0, until) : inPlace ? back : []
    const returned = needed.map((action) => waitsFor(action, at))
    return {
      name: stage.name,
      bake,
      boots,
      drains,
      whole: bake + boots + drains + shifts,
      back: sum(returned.map((wait) => wait.boots + wait.drains)),
    }
  })
  return new Map(stages.map((stage) => [stage.name, stage]))
}

const isShift = (action: Action): boolean => action.kind === 'set-weights' && action.reason === 'shift'

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

function waitsFor(action: Action, { fleets }: ServiceSnapshot): { boots: number; drains: number } {
  const nothing = { boots: 0, drains: 0 }
  // A fleet that is not there yet is made after the one that serves.
  const drain = (name: string): number =>
    ((fleets.find((fleet) => fleet.name === name) ?? fleets[0])?.deregistrationDelay ?? 0) * 1_000
  switch (action.kind) {
    case 'await-healthy':
      return { ...nothing, boots: BOOT_AND_HEALTH }
    case 'await-empty':
    case 'await-drained':
      return { ...nothing, drains: drain(action.fleet) + TERMINATION }
    case 'refresh':
    case 'roll-back':
      return { boots: BOOT_AND_HEALTH, drains: drain(action.fleet) + TERMINATION }
    default:
      return nothing
  }
}
