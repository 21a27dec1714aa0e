import type { FleetSnapshot, Mix, Plan, ServiceSnapshot, Target } from '../strategy.ts'
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
    for (const from of [at, interrupted(at), replacedAgain(at, targetOf(plan.baseline))])
      for (const { kind } of order(from, targetOf(plan.baseline), 'back')) kinds.add(kind)
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
      const { mix, ...rest } = goal
      const whole = { ...made, ...rest, inService: count, healthy: count, instances: count, targets: count }
      return [mix ? refreshed(whole, mix, count) : whole]
    }),
    shares: traffic.shares,
  }
}

/** The service while instances of its fleets are being replaced. */
const interrupted = (service: ServiceSnapshot): ServiceSnapshot => ({
  ...service,
  fleets: service.fleets.map((fleet) => (fleet.made ? { ...fleet, refreshing: true } : fleet)),
})

/** The service once the way back has replaced the instances of its fleets again. */
const replacedAgain = (service: ServiceSnapshot, { fleets }: Target): ServiceSnapshot => ({
  ...service,
  fleets: service.fleets.map((fleet) => {
    const mix = fleets[fleet.name]?.mix
    return mix ? refreshed(fleet, mix, fleet.desiredCapacity) : fleet
  }),
})

/** The version that instances are replaced by, where it does not matter which. */
const NEXT = 'next'

/** A fleet after an instance refresh; its group takes over the new launch template version with the last instance. */
export function refreshed(fleet: FleetSnapshot, mix: Mix, capacity: number): FleetSnapshot {
  const { mixed: _mixed, ...rest } = fleet
  const fresh = Math.ceil((capacity * mix.percent) / 100)
  const { id } = fleet.launchTemplate
  const made = [NEXT]
  if (fresh === 0) return { ...rest, launchTemplate: { id, version: mix.replaces }, made }
  if (fresh === capacity) return { ...rest, launchTemplate: { id, version: NEXT }, made }
  const ids = Array.from({ length: capacity }, (_, at) => `i-${at}`)
  return {
    ...rest,
    made,
    mixed: [
      { launchTemplateVersion: mix.replaces, release: fleet.release, instanceIds: ids.slice(fresh) },
      { launchTemplateVersion: NEXT, release: mix.release, instanceIds: ids.slice(0, fresh) },
    ],
  }
}
