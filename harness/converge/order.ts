import { freshIn, replacedIn } from '../mix.ts'
import { noneOf } from '../sizes.ts'
import type { FleetName, FleetSnapshot, FleetTarget, ServiceSnapshot, Target } from '../strategy.ts'
import { type Action, isRouting, type RoutingAction } from './action.ts'
import { sameFormer } from './former.ts'
import { isKept } from './kept.ts'
import { marking, planted, planting, replanting, uprooted } from './order-pair.ts'
import { missingRoutes, strayRoutes } from './order-routes.ts'
import { routingOf } from './routing.ts'

/**
 * The one order for every change, forward and back: create, admit at weight 0, capacity up, wait until in service
 * and healthy, shift traffic, capacity down, wait until drained, take out of the listener, remove. So no order of
 * stages can route to nothing. Pure; empty when the service is as the target says.
 *
 * `way` decides one thing: on the way back traffic does not wait for health that only has to be repaired. A stable
 * fleet that has a healthy instance and was never shrunk takes its traffic at once, and is waited for afterwards.
 *
 * Instances that are replaced in place are so where traffic would shift: after capacity is held, and first of all on
 * the way back.
 *
 * A target that announces downtime turns the order round in one thing: capacity down and drained comes before capacity
 * up, so that two releases never run at once.
 *
 * One of a pair whose group shall launch something else is emptied before it does: first of all on the way forward, and
 * last of all on the way back.
 */
export function order(observed: ServiceSnapshot, target: Target, way: 'forward' | 'back'): Action[] {
  return way === 'forward'
    ? [...planting(observed, target), ...changes(planted(observed, target), target, way)]
    : [...changes(observed, uprooted(observed, target), way), ...replanting(observed, target)]
}

function changes(observed: ServiceSnapshot, target: Target, way: 'forward' | 'back'): Action[] {
  const found = new Map(observed.fleets.map((fleet) => [fleet.name, fleet]))
  const wanted = Object.entries(target.fleets)
  const leaving = observed.fleets.filter((fleet) => target.fleets[fleet.name] === undefined && fleet.owned)
  const routing = routingOf(observed, target)
  const unasked = (name: FleetName): readonly Action[] => {
    const fleet = found.get(name)
    return fleet && target.fleets[name]?.desiredCapacity === 0 ? routing.unasked(fleet) : []
  }
  const waits = wanted.flatMap(([name]) => awaitHealthy(name, found.get(name), target, observed.entry.via))
  const urgent = way === 'back' && canTakeTraffic(observed, target)
  const shrink = [
    ...wanted.flatMap(([name]) => unasked(name)),
    ...leaving.flatMap(routing.unasked),
    ...wanted.flatMap(([name]) => capacityDown(name, found.get(name), target)),
    ...leaving.flatMap(emptied),
    ...wanted.flatMap(([name]) => awaitEmpty(name, found.get(name), target)),
    ...leaving
      .filter((fleet) => !isEmpty(fleet))
      .map((fleet): Action => ({ kind: 'await-empty', fleet: fleet.name })),
  ]
  const replaced = wanted.flatMap(([name, goal]) => inPlace(found.get(name), goal))
  // What is resumed might replace instances as well: it waits until that is done.
  const late = (name: FleetName): boolean =>
    target.fleets[name]?.mix !== undefined && resumes(found.get(name), target.fleets[name])
  const apart = target.downtime !== undefined && !urgent
  return [
    ...routing.ahead,
    ...wanted.flatMap(([fleet, goal]): Action[] =>
      found.has(fleet) ? [] : [{ kind: 'create-fleet', fleet, target: goal }],
    ),
    ...(way === 'back' ? strayRoutes(observed, target) : []),
    ...(urgent ? routing.urgent : []),
    ...(way === 'back' ? replaced : []),
    ...(urgent ? [] : routing.admit),
    // Nothing from outside may bring back what is being stopped.
    ...(apart
      ? [
          ...wanted.flatMap(([name]) => (found.has(name) ? processes(name, found.get(name), target) : [])),
          ...shrink,
        ]
      : []),
    ...wanted.flatMap(([name]) => [
      ...capacityUp(name, found.get(name), target),
      ...((apart && found.has(name)) || late(name) ? [] : processes(name, found.get(name), target)),
    ]),
    ...(urgent ? [] : waits),
    ...(urgent ? [] : routing.shift),
    ...missingRoutes(observed, target),
    // Clients who were sent to a release go where all others go once these go there too.
    ...(way === 'forward' ? strayRoutes(observed, target) : []),
    ...(way === 'forward' ? replaced : []),
    ...wanted.flatMap(([name]) => (late(name) ? processes(name, found.get(name), target) : [])),
    ...formers(found, target),
    ...keeps(observed, target),
    ...(observed.pair
      ? marking(observed, target, ({ role }) => way === 'back' || role !== 'candidate')
      : roles(found, target)),
    ...(apart ? [] : shrink),
    ...routing.release,
    ...(urgent ? waits : []),
    ...leaving.map((fleet): Action => ({ kind: 'remove-fleet', fleet: fleet.name })),
  ]
}

/**
 * What gives traffic back at once, where it is not where it shall be and the fleets that shall get it have their
 * capacity still; nothing where that is not so.
 */
export const urgentShift = (observed: ServiceSnapshot, target: Target): readonly RoutingAction[] =>
  canTakeTraffic(observed, target) ? routingOf(observed, target).urgent.filter(isRouting) : []

/** Whether every fleet that shall get traffic has its capacity still, so that the way back is one call. */
export function canTakeTraffic(observed: ServiceSnapshot, target: Target): boolean {
  return Object.entries(target.traffic.shares).every(([name, share]) => {
    if (share === 0) return true
    const fleet = observed.fleets.find((each) => each.name === name)
    const goal = target.fleets[name]
    return (
      fleet !== undefined &&
      goal !== undefined &&
      (observed.shares[name] !== undefined || observed.entry.via === 'registration') &&
      fleet.desiredCapacity >= goal.desiredCapacity &&
      fleet.healthy > 0
    )
  })
}

/**
 * What a fleet that is changed in place is short of: a refresh that must end first, instances, or its mark; and on the
 * way back what was made for the release that is given up.
 */
function inPlace(fleet: FleetSnapshot | undefined, goal: FleetTarget): Action[] {
  const { mix, desiredCapacity: capacity } = goal
  if (!mix || !fleet) return []
  if (fleet.refreshing && mix.percent === 0) return [{ kind: 'roll-back', fleet: fleet.name }]
  const recorded = fleet.launchTemplate.version === mix.replaces ? 'old' : 'new'
  const reached =
    mix.percent === 0 || mix.percent === 100
      ? recorded === (mix.percent === 0 ? 'old' : 'new') && !fleet.mixed
      : recorded === 'old' && freshIn(fleet, mix.replaces) >= replacedIn(goal)
  if (!reached || fleet.refreshing) return [{ kind: 'refresh', fleet: fleet.name, mix, capacity }]
  const back = mix.percent === 0
  const left = back ? (fleet.made ?? []) : []
  const actions: Action[] = []
  if (back && Math.max(fleet.instances, fleet.targets) > Math.max(capacity, fleet.desiredCapacity))
    actions.push({ kind: 'await-drained', fleet: fleet.name, left: capacity })
  if (fleet.release !== goal.release)
    actions.push({ kind: 'set-release', fleet: fleet.name, release: goal.release })
  if (left.length > 0) actions.push({ kind: 'remove-versions', fleet: fleet.name, versions: left })
  return actions
}

function awaitHealthy(
  name: FleetName,
  fleet: FleetSnapshot | undefined,
  target: Target,
  via: ServiceSnapshot['entry']['via'],
): Action[] {
  const count = target.fleets[name]?.desiredCapacity ?? 0
  // Behind a listener only what a rule forwards to is health-checked.
  const routed = via !== 'listener' || target.traffic.shares[name] !== undefined
  const ready = fleet !== undefined && fleet.inService >= count && fleet.healthy >= count
  return count === 0 || !routed || ready ? [] : [{ kind: 'await-healthy', fleet: name, count }]
}

function capacityUp(name: FleetName, fleet: FleetSnapshot | undefined, target: Target): Action[] {
  const goal = target.fleets[name]
  if (!goal) return []
  const now = fleet ?? { desiredCapacity: 0, minSize: 0, maxSize: -1 }
  const actions: Action[] = []
  if (goal.desiredCapacity >= now.desiredCapacity && boundsDiffer(now, goal)) {
    const reason = goal.desiredCapacity > now.desiredCapacity ? 'up' : 'hold'
    actions.push({ kind: 'set-capacity', fleet: name, target: goal, reason })
  }
  return actions
}

const resumes = (fleet: FleetSnapshot | undefined, goal: FleetTarget | undefined): boolean =>
  fleet?.suspendedProcesses.some((each) => !goal?.suspendedProcesses.includes(each)) ?? false

function processes(name: FleetName, fleet: FleetSnapshot | undefined, target: Target): Action[] {
  const suspended = target.fleets[name]?.suspendedProcesses
  if (!suspended || suspended.join() === (fleet?.suspendedProcesses ?? []).join()) return []
  return [{ kind: 'set-processes', fleet: name, suspended }]
}

function capacityDown(name: FleetName, fleet: FleetSnapshot | undefined, target: Target): Action[] {
  const goal = target.fleets[name]
  if (!goal || !fleet || goal.desiredCapacity >= fleet.desiredCapacity) return []
  return [{ kind: 'set-capacity', fleet: name, target: goal, reason: 'down' }]
}

type Bounds = Pick<FleetSnapshot, 'desiredCapacity' | 'minSize' | 'maxSize'>

const boundsDiffer = (a: Bounds, b: Bounds): boolean =>
  a.desiredCapacity !== b.desiredCapacity || a.minSize !== b.minSize || a.maxSize !== b.maxSize

const isEmpty = (fleet: FleetSnapshot): boolean =>
  fleet.desiredCapacity === 0 && fleet.instances === 0 && fleet.targets === 0

function awaitEmpty(name: FleetName, fleet: FleetSnapshot | undefined, target: Target): Action[] {
  const goal = target.fleets[name]
  const done = goal?.desiredCapacity !== 0 || fleet === undefined || isEmpty(fleet)
  return done ? [] : [{ kind: 'await-empty', fleet: name }]
}

const emptied = (fleet: FleetSnapshot): Action[] =>
  fleet.desiredCapacity === 0 && fleet.minSize === 0
    ? []
    : [
        {
          kind: 'set-capacity',
          fleet: fleet.name,
          target: { ...fleet, ...noneOf(fleet) },
          reason: 'down',
        },
      ]

function roles(found: ReadonlyMap<FleetName, FleetSnapshot>, target: Target): Action[] {
  const changed = Object.entries(target.fleets).filter(([name, goal]) => {
    const fleet = found.get(name)
    return fleet === undefined ? goal.role !== 'candidate' : fleet.role !== goal.role
  })
  if (changed.length === 0) return []
  return [{ kind: 'set-roles', roles: Object.fromEntries(changed.map(([name, goal]) => [name, goal.role])) }]
}

function keeps({ fleets }: ServiceSnapshot, target: Target): Action[] {
  return fleets.flatMap((fleet): Action[] => {
    const goal = target.fleets[fleet.name]
    return !goal || isKept(fleet, goal.kept) ? [] : [{ kind: 'set-kept', fleet: fleet.name, kept: goal.kept }]
  })
}

function formers(found: ReadonlyMap<FleetName, FleetSnapshot>, target: Target): Action[] {
  return Object.entries(target.fleets).flatMap(([name, { former }]): Action[] =>
    sameFormer(found.get(name)?.former, former) ? [] : [{ kind: 'set-former', fleet: name, former }],
  )
}
