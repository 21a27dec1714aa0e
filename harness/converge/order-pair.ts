import type { FleetName, FleetSnapshot, FleetTarget, ServiceSnapshot, Target } from '../strategy.ts'
import type { Action } from './action.ts'
import { sameMarks } from './marks.ts'
import { hasTemplate } from './pair-template.ts'

/** One of a pair, and what it shall become. */
interface Change {
  readonly name: FleetName
  readonly fleet: FleetSnapshot
  readonly goal: FleetTarget
  readonly template: NonNullable<FleetTarget['template']>
}

/**
 * Groups that shall launch something else than they do. A fleet with traffic is none of them: it loses its traffic
 * first.
 */
function replanted({ fleets, shares }: ServiceSnapshot, target: Target): Change[] {
  return fleets.flatMap((fleet) => {
    const goal = target.fleets[fleet.name]
    const template = goal?.template
    if (!goal || !template || (shares[fleet.name] ?? 0) > 0) return []
    return hasTemplate(fleet, template, goal.release) ? [] : [{ name: fleet.name, fleet, goal, template }]
  })
}

const EMPTY = { desiredCapacity: 0, minSize: 0 }
const NOBODY = { inService: 0, healthy: 0, instances: 0, targets: 0 }

const sow = ({ name, template, goal }: Change): Action => ({
  kind: 'set-template',
  fleet: name,
  template,
  release: goal.release,
})

/** The way forward begins with an empty fleet whose group launches the release. */
export function planting(observed: ServiceSnapshot, target: Target): Action[] {
  const changes = replanted(observed, target)
  return [
    ...changes.flatMap((change): Action[] => {
      const { name, fleet } = change
      const stands = fleet.desiredCapacity > 0 || fleet.minSize > 0
      const empty = !stands && fleet.instances === 0 && fleet.targets === 0
      const none = { ...fleet, ...EMPTY }
      return [
        ...(stands ? [{ kind: 'set-capacity', fleet: name, target: none, reason: 'down' } as const] : []),
        ...(empty ? [] : [{ kind: 'await-empty', fleet: name } as const]),
        sow(change),
      ]
    }),
    ...marking(observed, target, ({ role }) => role === 'candidate'),
  ]
}

/** The service once that is done. */
export function planted(observed: ServiceSnapshot, target: Target): ServiceSnapshot {
  const names = new Set(replanted(observed, target).map(({ name }) => name))
  if (names.size === 0) return observed
  return {
    ...observed,
    fleets: observed.fleets.map((fleet) =>
      names.has(fleet.name) ? { ...fleet, ...EMPTY, ...NOBODY } : fleet,
    ),
  }
}

/** On the way back such a fleet is emptied like any that gives its traffic away, and given back only then. */
export function uprooted(observed: ServiceSnapshot, target: Target): Target {
  const changes = standing(observed, target)
  if (changes.length === 0) return target
  const emptied = changes.map(({ name, goal }) => [name, { ...goal, ...EMPTY }] as const)
  return { ...target, fleets: { ...target.fleets, ...Object.fromEntries(emptied) } }
}

/** What gives its group the launch template version back that it had; and what was made for the release goes. */
export function replanting(observed: ServiceSnapshot, target: Target): Action[] {
  const changes = standing(observed, target)
  const left = observed.fleets.flatMap(({ name, made = [] }): Action[] => {
    const template = target.fleets[name]?.template
    if (!template || template === 'release' || made.length === 0) return []
    return [{ kind: 'remove-versions', fleet: name, versions: made }]
  })
  return [...changes.map(sow), ...left]
}

/** As `replanted`, also while it still has traffic, which the way back takes from it first. */
const standing = (observed: ServiceSnapshot, target: Target): Change[] =>
  replanted({ ...observed, shares: {} }, target)

/** What is recorded at fleets of a pair, where it is not what it shall be. */
export function marking(
  { fleets }: ServiceSnapshot,
  target: Target,
  when: (goal: FleetTarget) => boolean = () => true,
): Action[] {
  return fleets.flatMap(({ name, marks: found }): Action[] => {
    const goal = target.fleets[name]
    if (!goal?.marks || !when(goal) || sameMarks(found, goal.marks)) return []
    return [{ kind: 'set-marks', fleet: name, marks: goal.marks }]
  })
}
