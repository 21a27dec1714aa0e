import type { FleetSnapshot, Plan, ServiceSnapshot, Target } from '../strategy.ts'
import type { Action } from './action.ts'
import { order } from './order.ts'

/** Every kind of change that a plan may make: on its way forward, and on the way back from each of its stages. */
export function changesOf(plan: Plan, before: ServiceSnapshot): ReadonlySet<Action['kind']> {
  const kinds = new Set<Action['kind']>()
  const targetOf = ({ targets }: Plan['baseline']): Target => {
    const target = targets[before.scope]
    if (!target) throw new Error(`a stage says nothing of ${before.scope}`)
    return target
  }
  let at = before
  for (const stage of plan.stages) {
    const target = targetOf(stage)
    for (const { kind } of order(at, target, 'forward')) kinds.add(kind)
    at = reached(at, target)
    for (const { kind } of order(at, targetOf(plan.baseline), 'back')) kinds.add(kind)
  }
  return kinds
}

/** The service as it is when it has become what the target says. */
function reached(before: ServiceSnapshot, { fleets, traffic }: Target): ServiceSnapshot {
  const [model] = before.fleets
  return {
    ...before,
    fleets: Object.entries(fleets).flatMap(([name, goal]): FleetSnapshot[] => {
      const known = before.fleets.find((fleet) => fleet.name === name)
      if (!model) return []
      const count = goal.desiredCapacity
      const made = known ?? { ...model, name, autoScalingGroupName: name, owned: true }
      return [{ ...made, ...goal, inService: count, healthy: count, instances: count, targets: count }]
    }),
    shares: traffic.shares,
  }
}
