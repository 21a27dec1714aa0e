import { type Action, isShift } from './converge/action.ts'
import { walk } from './converge/changes.ts'
import type { Plan, ServiceSnapshot } from './strategy.ts'

/** What AWS commonly takes, in cloud milliseconds: a boot and the first health checks, a termination, new weights. */
const BOOT_AND_HEALTH = 90_000
const TERMINATION = 30_000
const PROPAGATION = 5_000
/** Registration of instances that run, and their first health checks: two, 30 seconds apart, unless told otherwise. */
const REGISTRATION = 70_000
/** Route 53's servers taking in a change; and a minute of a load balancer's requests being counted. */
const IN_SYNC = 60_000
const COUNTED = 180_000

/** What a stage is expected to take, in cloud milliseconds. */
export interface StageEstimate {
  readonly name: string
  readonly bake: number
  /** Instances that boot and become healthy; what drains and is terminated. */
  readonly boots: number
  readonly drains: number
  /** Records that come into sync, and answers of DNS that run out. */
  readonly names: number
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
      names: most(({ names }) => names),
      whole: most(({ whole }) => whole),
      back: most(({ back }) => back),
    }
  })
}

/** What a stage waits for, in cloud milliseconds. */
type Waits = Pick<StageEstimate, 'boots' | 'drains' | 'names'>

function estimateAt(plan: Plan, before: ServiceSnapshot): ReadonlyMap<string, StageEstimate> {
  let from = before
  const stages = [...walk(plan, before)].map(({ stage, forward, back, at }): StageEstimate => {
    const waits = total(forward, from)
    const shifts = forward.some((action) => action.kind !== 'set-records' && isShift(action))
    from = at
    const { bake } = stage.gates?.[before.scope] ?? stage.gate
    return {
      name: stage.name,
      bake,
      ...waits,
      whole: bake + sum(Object.values(waits)) + (shifts ? PROPAGATION : 0),
      back: sum(Object.values(total(neededFor(back), at))),
    }
  })
  return new Map(stages.map((stage) => [stage.name, stage]))
}

/** What of the way back is done until the old release has all traffic again. */
function neededFor(back: readonly Action[]): readonly Action[] {
  const until = back.findIndex(isShift)
  // Where no weight shifts, instances are replaced in place, or the old release never lost any traffic.
  const inPlace = back.some(({ kind }) => kind === 'refresh' || kind === 'roll-back')
  return until >= 0 ? back.slice(0, until + 1) : inPlace ? back : []
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0)

function total(actions: readonly Action[], service: ServiceSnapshot): Waits {
  const waits = actions.map((action) => ({ ...NOTHING, ...waitsFor(action, service) }))
  return {
    boots: sum(waits.map((wait) => wait.boots)),
    drains: sum(waits.map((wait) => wait.drains)),
    names: sum(waits.map((wait) => wait.names)),
  }
}

const NOTHING: Waits = { boots: 0, drains: 0, names: 0 }

function waitsFor(action: Action, { entry, fleets }: ServiceSnapshot): Partial<Waits> {
  // A fleet that is not there yet is made after the one that serves.
  const drain = (name: string): number =>
    ((fleets.find((fleet) => fleet.name === name) ?? fleets[0])?.deregistrationDelay ?? 0) * 1_000
  const ttl = entry.via === 'dns' ? entry.ttl * 1_000 : 0
  switch (action.kind) {
    case 'await-healthy':
      return { boots: BOOT_AND_HEALTH }
    case 'await-empty':
    case 'await-drained':
      return { drains: drain(action.fleet) + TERMINATION }
    case 'refresh':
    case 'roll-back':
      return { boots: BOOT_AND_HEALTH, drains: drain(action.fleet) + TERMINATION }
    case 'set-records':
      return { names: IN_SYNC + (action.reason === 'release' ? 0 : ttl) }
    case 'set-attached':
      return { boots: action.reason === 'join' ? REGISTRATION : 0 }
    case 'await-deregistered':
      return { drains: drain(action.fleet) }
    case 'await-unasked':
      return { names: ttl + (fleets[0]?.kind === 'group' ? COUNTED : 0) }
    default:
      return {}
  }
}
