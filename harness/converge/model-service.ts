import { expect } from 'vitest'
import { conditionsOf, describeConditions } from '../route.ts'
import type {
  DnsEntry,
  FleetSnapshot,
  GroupFleet,
  InstanceFleet,
  Plan,
  RecordSnapshot,
  ServiceSnapshot,
  Target,
} from '../strategy.ts'
import type { Action } from './action.ts'
import { ATTACHED, isDetached } from './attachment.ts'
import { entryAt, refreshed } from './changes.ts'
import { order } from './order.ts'
import { inRoles } from './pair.ts'

export const SCOPE = 'orders@us-east-1'

const fleet = (name: string, capacity: number, more: Partial<GroupFleet> = {}): GroupFleet => ({
  kind: 'group',
  name,
  role: 'stable',
  release: '1.0.0',
  autoScalingGroupName: name,
  targetGroupArn: `arn:${name}`,
  launchTemplate: { id: 'lt-1', version: '1' },
  minSize: Math.min(1, capacity),
  maxSize: capacity * 2,
  desiredCapacity: capacity,
  inService: capacity,
  healthy: capacity,
  instances: capacity,
  targets: capacity,
  suspendedProcesses: [],
  deregistrationDelay: 60,
  owned: false,
  ...more,
})

export const service = (capacity: number, weight: number, processes: string[] = []): ServiceSnapshot => ({
  scope: SCOPE,
  service: 'orders',
  region: 'us-east-1',
  entry: {
    via: 'listener',
    loadBalancerArn: 'arn:lb',
    loadBalancerName: 'app/orders/1',
    dnsName: 'orders.elb.localhost',
    listenerArn: 'arn:listener',
    port: 80,
    protocol: 'HTTP',
    stickiness: 0,
  },
  fleets: [fleet('orders', capacity, { suspendedProcesses: processes })],
  shares: { orders: weight },
})

/** A launch template version that a deployment makes. */
const MADE = '1000'

/** The same service with a fleet beside it that its user made: of so many instances, in the listener or not. */
export function pairOf(
  before: ServiceSnapshot,
  next: { readonly capacity: number; readonly listed: boolean; readonly marked: boolean },
): ServiceSnapshot {
  const marks = next.marked ? { release: '0.8.0' } : {}
  const more = {
    role: 'parked',
    release: '0.8.0',
    launchTemplate: { id: 'lt-2', version: '3' },
    marks,
  } as const
  const other = fleet('orders-green', next.capacity, more)
  return {
    ...before,
    fleets: [...before.fleets.slice(0, 1).map((each) => ({ ...each, marks: {} })), other],
    shares: { ...before.shares, ...(next.listed ? { 'orders-green': 0 } : {}) },
    pair: true,
  }
}

/** The same service, its users led by the weighted records of its name: to load balancers, or to plain instances. */
export function serviceByDns(
  capacity: number,
  weight: number,
  answers: DnsEntry['answers'],
  processes: string[] = [],
): ServiceSnapshot {
  const plain = service(capacity, weight, answers === 'alias' ? processes : [])
  const entry: DnsEntry = {
    via: 'dns',
    zone: { id: 'Z1', name: 'example.com' },
    dnsName: 'orders.example.com',
    type: 'A',
    answers,
    ttl: answers === 'alias' ? 60 : 300,
    records: [recordOf('orders', weight, answers)],
    port: 80,
    protocol: 'HTTP',
  }
  const fleets = answers === 'alias' ? plain.fleets.map(balanced) : [instances('orders', capacity)]
  return { ...plain, entry, fleets }
}

/** The same service, its fleets attached to the one target group that its listener forwards to, or to none. */
export function serviceByRegistration(capacity: number, processes: string[] = []): ServiceSnapshot {
  const plain = service(capacity, ATTACHED, processes)
  if (plain.entry.via !== 'listener') throw new Error('made behind a listener')
  const { stickiness: _, ...listening } = plain.entry
  return { ...plain, entry: { ...listening, via: 'registration', targetGroupArn: 'arn:orders' } }
}

const recordOf = (name: string, weight: number, answers: DnsEntry['answers']): RecordSnapshot => ({
  fleet: name,
  setIdentifier: name,
  weight,
  ...(answers === 'alias'
    ? { alias: { hostedZoneId: 'Z2', dnsName: `${name}.elb.localhost`, evaluateTargetHealth: true } }
    : { values: ['10.0.0.1'] }),
})

const balanced = (each: FleetSnapshot): FleetSnapshot =>
  each.kind === 'group'
    ? {
        ...each,
        balancer: {
          loadBalancerArn: `arn:lb/${each.name}`,
          loadBalancerName: `app/${each.name}/1`,
          dnsName: `${each.name}.elb.localhost`,
          listenerArn: `arn:listener/${each.name}`,
          port: 80,
          protocol: 'HTTP',
          hostedZoneId: 'Z2',
        },
      }
    : each

function instances(name: string, capacity: number, more: Partial<InstanceFleet> = {}): InstanceFleet {
  const { autoScalingGroupName: _group, targetGroupArn: _targets, ...base } = fleet(name, capacity)
  return {
    ...base,
    kind: 'instances',
    minSize: capacity,
    maxSize: capacity,
    deregistrationDelay: 0,
    instanceIds: [],
    addresses: ['10.0.0.1'],
    ...more,
  }
}

/** What a cloud makes of an action, everything it has to wait for done. */
export function apply(state: ServiceSnapshot, action: Action): ServiceSnapshot {
  const after = applied(state, action)
  if (!after.pair) return after
  const ref = { name: after.service, region: after.region }
  const fleets = inRoles(ref, after.fleets, ({ name }) => after.shares[name] ?? 0)
  return { ...after, fleets }
}

function applied(state: ServiceSnapshot, action: Action): ServiceSnapshot {
  const change = (name: string, patch: Partial<Changing>): ServiceSnapshot => ({
    ...state,
    fleets: state.fleets.map((each) => (each.name === name ? { ...each, ...patch } : each)),
  })
  switch (action.kind) {
    case 'create-fleet': {
      return { ...state, fleets: [...state.fleets, madeBy(state, action)] }
    }
    case 'set-capacity': {
      const { desiredCapacity: size, minSize, maxSize } = action.target
      const had = state.fleets.find((each) => each.name === action.fleet)
      const healthy = Math.min(had?.healthy ?? 0, size)
      const registered = !isDetached(state, action.fleet)
      return change(action.fleet, {
        desiredCapacity: size,
        minSize,
        maxSize,
        instances: size,
        // Of what is detached nobody waits for the drain.
        targets: registered ? size : (had?.targets ?? 0),
        healthy,
        inService: healthy,
      })
    }
    case 'set-processes':
      return change(action.fleet, { suspendedProcesses: action.suspended })
    case 'await-healthy':
      return change(action.fleet, { healthy: action.count, inService: action.count })
    case 'set-weights':
      return { ...state, shares: action.shares }
    case 'set-records': {
      const { shares, ttl } = action
      const entry = entryAt(state.entry, { shares, ...(ttl === undefined ? {} : { ttl }) })
      return { ...state, entry, shares: action.shares }
    }
    case 'set-attached':
      return withAttached(state, action)
    case 'await-deregistered':
      return change(action.fleet, { targets: 0 })
    case 'await-unasked':
      return state
    case 'add-route': {
      const { to } = action.route
      const conditions = describeConditions(conditionsOf(action.route))
      return { ...state, routes: [...(state.routes ?? []), { ruleArn: `arn:rule/${to}`, to, conditions }] }
    }
    case 'remove-route': {
      const { routes: had = [], ...rest } = state
      const routes = had.filter(({ ruleArn }) => ruleArn !== action.ruleArn)
      return routes.length > 0 ? { ...rest, routes } : rest
    }
    case 'add-test-listener': {
      const { port, to } = action
      const made = { listenerArn: `arn:listener/${port}`, port, owned: true, to } as const
      return { ...state, listeners: [...(state.listeners ?? []), made] }
    }
    case 'remove-test-listener': {
      const { listeners: had = [], ...rest } = state
      const listeners = had.filter(({ listenerArn }) => listenerArn !== action.listenerArn)
      return listeners.length > 0 ? { ...rest, listeners } : rest
    }
    case 'await-empty':
      return change(action.fleet, { healthy: 0, inService: 0, instances: 0, targets: 0 })
    case 'set-roles':
      return {
        ...state,
        fleets: state.fleets.map((each) => ({ ...each, role: action.roles[each.name] ?? each.role })),
      }
    case 'clear-remains':
      return state
    case 'refresh':
      return {
        ...state,
        fleets: state.fleets.map((each) =>
          each.name === action.fleet ? refreshed(each, action.mix, action.capacity) : each,
        ),
      }
    case 'await-drained':
      return change(action.fleet, { instances: action.left, targets: action.left })
    case 'roll-back':
      return state // A refresh is under way only between two states.
    case 'remove-versions':
      return { ...state, fleets: state.fleets.map(({ made: _made, ...each }) => each) }
    case 'set-template': {
      const { fleet: name, template, release } = action
      const had = state.fleets.find((each) => each.name === name)
      const version = template === 'release' ? MADE : template.version
      const launchTemplate = { id: had?.launchTemplate.id ?? '', version }
      // What a group launches is said by its tag, where it has one; else by its launch template version.
      return change(name, {
        launchTemplate,
        release: had?.marks?.release ?? (template === 'release' ? release : '0.8.0'),
        ...(template === 'release' ? { made: [MADE] } : {}),
      })
    }
    case 'set-marks': {
      const { release = '0.8.0' } = action.marks
      return change(action.fleet, { marks: action.marks, release })
    }
    case 'set-release':
      return change(action.fleet, { release: action.release })
    case 'set-former': {
      const { former } = action
      return {
        ...state,
        fleets: state.fleets.map(({ former: had, ...each }) => {
          const kept = each.name === action.fleet ? former : had
          return kept ? { ...each, former: kept } : each
        }),
      }
    }
    case 'set-kept': {
      const { kept } = action
      return {
        ...state,
        fleets: state.fleets.map(({ keptUntil: had, ...each }) => {
          const until = each.name === action.fleet ? (kept?.until ?? kept?.for) : had
          return until === undefined ? each : { ...each, keptUntil: until }
        }),
      }
    }
    case 'remove-fleet':
      return { ...state, fleets: state.fleets.filter((each) => each.name !== action.fleet) }
  }
}

/** As many of what was attached are healthy when it is over as were waited for; what was detached drains. */
function withAttached(
  state: ServiceSnapshot,
  { shares, healthy }: Extract<Action, { kind: 'set-attached' }>,
): ServiceSnapshot {
  const ableIn = ({ name, healthy: now }: FleetSnapshot): number =>
    Math.max(isDetached(state, name) ? 0 : now, healthy[name] ?? 0)
  const fleets = state.fleets.map((each) =>
    shares[each.name] === undefined
      ? { ...each, healthy: each.inService }
      : { ...each, targets: each.instances, healthy: ableIn(each) },
  )
  return { ...state, fleets, shares }
}

type Changing = Omit<FleetSnapshot, 'kind'>

function madeBy(
  { entry }: ServiceSnapshot,
  action: Extract<Action, { kind: 'create-fleet' }>,
): FleetSnapshot {
  const marks = { release: action.target.release, role: 'candidate', owned: true } as const
  if (entry.via === 'registration')
    return fleet(action.fleet, 0, { ...marks, targetGroupArn: entry.targetGroupArn })
  if (entry.via === 'listener') return fleet(action.fleet, 0, marks)
  return entry.answers === 'alias'
    ? balanced(fleet(action.fleet, 0, marks))
    : instances(action.fleet, 0, marks)
}

export function states(from: ServiceSnapshot, target: Target, way: 'forward' | 'back'): ServiceSnapshot[] {
  const seen: ServiceSnapshot[] = []
  for (const action of order(from, target, way)) seen.push(apply(seen.at(-1) ?? from, action))
  return seen
}

/** As `states`, over as many looks as converging takes. */
export function allStates(from: ServiceSnapshot, target: Target, way: 'forward' | 'back'): ServiceSnapshot[] {
  const seen: ServiceSnapshot[] = []
  for (let pass = 0; pass < 4; pass++) seen.push(...states(seen.at(-1) ?? from, target, way))
  return seen
}

export const targetOf = (plan: Plan, index: number): Target => {
  const found = (index < 0 ? plan.baseline : plan.stages[index])?.targets[SCOPE]
  if (!found) throw new Error(`no stage ${index}`)
  return found
}

/** What must hold on the way to a target: safe, or where downtime is announced, never two releases at once. */
export function expectAsPromised(state: ServiceSnapshot, target: Target, capacity: number): void {
  if (!target.downtime) return expectSafe(state, capacity)
  const running = state.fleets.filter((each) => each.instances > 0).map((each) => each.release)
  expect(new Set(running).size).toBeLessThanOrEqual(1)
}

/** No weight without healthy targets for its share, and never fewer healthy in all than the service had. */
export function expectSafe(state: ServiceSnapshot, capacity: number): void {
  const total = Object.values(state.shares).reduce((sum, share) => sum + share, 0)
  expect(total).toBeGreaterThan(0)
  for (const [name, share] of Object.entries(state.shares)) {
    const found = state.fleets.find((each) => each.name === name)
    expect(found?.healthy ?? 0).toBeGreaterThanOrEqual(Math.ceil((capacity * share) / total))
  }
  for (const { to } of state.routes ?? []) {
    // Nobody says how many they are: they may be all.
    expect(state.fleets.find((each) => each.name === to)?.healthy ?? 0).toBeGreaterThanOrEqual(capacity)
  }
  const serving = state.fleets.filter((each) => (state.shares[each.name] ?? 0) > 0)
  expect(serving.reduce((sum, each) => sum + each.healthy, 0)).toBeGreaterThanOrEqual(capacity)
}
