import type { FleetTarget, ServiceSnapshot, Target } from '../strategy.ts'

/** What a target becomes where somebody has raised the desired capacity of a fleet meanwhile, and a sentence for each. */
export interface Absorbed {
  readonly target: Target
  readonly notes: readonly string[]
}

/**
 * A deployment never takes capacity away that somebody else gave: a person or a scaling policy has a reason for it. A fleet
 * that stays is left at what it was raised to, and the candidate grows in the same measure, so that its share of the traffic
 * finds as much of it as was planned. What was lowered is raised again, which harms nobody. Pure.
 */
export function absorb(observed: ServiceSnapshot, target: Target, way: 'forward' | 'back'): Absorbed {
  const found = new Map(observed.fleets.map((fleet) => [fleet.name, fleet]))
  const notes: string[] = []
  const raised = Object.entries(target.fleets).flatMap(([name, goal]) => {
    const fleet = found.get(name)
    const stays = goal.role === 'stable' && fleet?.role === 'stable'
    if (!stays || !fleet || goal.desiredCapacity === 0 || fleet.desiredCapacity <= goal.desiredCapacity)
      return []
    notes.push(`${name} was raised from ${goal.desiredCapacity} to ${fleet.desiredCapacity}, and keeps it`)
    return [[name, at(goal, fleet.desiredCapacity)] as const]
  })
  const factor = raised.reduce(
    (most, [name, goal]) =>
      Math.max(most, goal.desiredCapacity / (target.fleets[name]?.desiredCapacity ?? 1)),
    1,
  )
  const candidates = Object.entries(target.fleets).flatMap(([name, goal]) => {
    const fleet = found.get(name)
    const isNew = way === 'forward' && (fleet === undefined || fleet.role === 'candidate')
    if (!isNew || goal.desiredCapacity === 0) return []
    const size = Math.max(Math.ceil(goal.desiredCapacity * factor), fleet?.desiredCapacity ?? 0)
    return size === goal.desiredCapacity ? [] : [[name, at(goal, size)] as const]
  })
  if (raised.length === 0 && candidates.length === 0) return { target, notes }
  const fleets = { ...target.fleets, ...Object.fromEntries([...raised, ...candidates]) }
  return { target: { ...target, fleets }, notes }
}

const at = (goal: FleetTarget, desiredCapacity: number): FleetTarget => ({
  ...goal,
  desiredCapacity,
  maxSize: Math.max(goal.maxSize, desiredCapacity),
})
