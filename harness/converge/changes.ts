import { SluiceError } from '../errors.ts'
import { conditionsOf, describeConditions } from '../route.ts'
import type {
  ClientRoute,
  EntrySnapshot,
  FleetSnapshot,
  FleetTarget,
  ListenerSnapshot,
  Mix,
  Plan,
  RouteSnapshot,
  ServiceSnapshot,
  Stage,
  Target,
  Traffic,
} from '../strategy.ts'
import type { Action } from './action.ts'
import { order } from './order.ts'

/** One stage of a plan, and what is done to reach it and to go back from it. */
interface Step {
  readonly stage: Stage
  readonly forward: readonly Action[]
  readonly back: readonly Action[]
  /** The service as it is when the stage is reached. */
  readonly at: ServiceSnapshot
}

/** Walks a plan as it would go if nothing came in between. */
export function* walk(plan: Plan, before: ServiceSnapshot): Generator<Step> {
  const baseline = targetIn(plan.baseline, before)
  let at = before
  for (const stage of plan.stages) {
    const target = stage.targets[before.scope]
    if (!target) continue // It stays as it is.
    const forward = order(at, target, 'forward')
    at = reached(at, target)
    yield { stage, forward, back: order(at, baseline, 'back'), at }
  }
}

function targetIn({ name, targets }: Stage, { scope }: ServiceSnapshot): Target {
  const target = targets[scope]
  if (target) return target
  throw new SluiceError('internal', `stage ${name} says nothing of ${scope}`)
}

/** Every kind of change that a plan may make: on its way forward, and on the way back from each of its stages. */
export function changesOf(plan: Plan, before: ServiceSnapshot): ReadonlySet<Action['kind']> {
  const kinds = new Set<Action['kind']>()
  const baseline = targetIn(plan.baseline, before)
  for (const { forward, back, at } of walk(plan, before)) {
    const others = [interrupted(at), replacedAgain(at, baseline)].flatMap((from) =>
      order(from, baseline, 'back'),
    )
    for (const { kind } of [...forward, ...back, ...others]) kinds.add(kind)
  }
  return kinds
}

/** The service as it is when it has become what the target says. */
function reached(before: ServiceSnapshot, { fleets, traffic }: Target): ServiceSnapshot {
  const [model] = before.fleets
  const entry = entryAt(before.entry, traffic)
  return {
    ...before,
    entry,
    fleets: Object.entries(fleets).flatMap(([name, goal]): FleetSnapshot[] => {
      const known = before.fleets.find((fleet) => fleet.name === name)
      if (!model) return []
      const count = goal.desiredCapacity
      const made = known ?? madeAfter(model, name)
      const { mix, template, kept, ...rest } = goal
      const { keptUntil: _, ...former } = made
      const whole = {
        ...former,
        ...(kept ? { keptUntil: kept.until ?? kept.for } : {}),
        ...rest,
        ...(template ? launching(made, template) : {}),
        inService: count,
        healthy: count,
        instances: count,
        targets: count,
      }
      return [mix ? refreshed(whole, mix, count) : whole]
    }),
    shares: sharesAt(traffic),
    routes: [
      ...(traffic.route ? [routeFound(traffic.route)] : []),
      ...(traffic.test?.header ? [routeFound({ to: traffic.test.to, header: traffic.test.header })] : []),
    ],
    listeners: listenersFound(traffic),
  }
}

const listenersFound = ({ test }: Target['traffic']): readonly ListenerSnapshot[] =>
  test?.listener === undefined ? [] : [{ listenerArn: 'arn', port: test.listener, owned: true, to: test.to }]

const launching = (
  { launchTemplate: { id } }: FleetSnapshot,
  template: NonNullable<FleetTarget['template']>,
): Pick<FleetSnapshot, 'launchTemplate' | 'made'> =>
  template === 'release'
    ? { launchTemplate: { id, version: NEXT }, made: [NEXT] }
    : { launchTemplate: { id, version: template.version } }
const madeAfter = (model: FleetSnapshot, name: string): FleetSnapshot =>
  model.kind === 'group'
    ? { ...model, name, autoScalingGroupName: name, owned: true }
    : { ...model, name, owned: true }

/** As they are observed: what gets nothing is in the listener, or in a record, and by registration it is nowhere. */
const sharesAt = ({ via, shares }: Traffic): Traffic['shares'] =>
  via === 'registration'
    ? Object.fromEntries(Object.entries(shares).filter(([, share]) => share > 0))
    : shares

/** The records when they have become what a target says. */
export function entryAt(
  entry: EntrySnapshot,
  { shares, ttl }: Pick<Traffic, 'shares' | 'ttl'>,
): EntrySnapshot {
  if (entry.via !== 'dns') return entry
  const [model] = entry.records
  const records = Object.entries(shares).flatMap(([fleet, weight]) => {
    const known = entry.records.find((record) => record.fleet === fleet)
    return model ? [{ ...(known ?? { ...model, fleet, setIdentifier: fleet }), weight }] : []
  })
  return { ...entry, records, ttl: ttl ?? entry.ttl }
}

const routeFound = (route: ClientRoute): RouteSnapshot => ({
  ruleArn: 'arn',
  to: route.to,
  conditions: describeConditions(conditionsOf(route)),
})

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
const NEXT = '1000'

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
