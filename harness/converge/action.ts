import { formatDuration } from '../duration.ts'
import { describeClients } from '../route.ts'
import type { ClientRoute, FleetName, FleetTarget, Former, Kept, Marks, Mix } from '../strategy.ts'

export type Shares = Readonly<Record<FleetName, number>>

/** One change of the cloud, or one wait for it, as `order` puts them in sequence. */
export type Action =
  | { readonly kind: 'create-fleet'; readonly fleet: FleetName; readonly target: FleetTarget }
  | {
      readonly kind: 'set-capacity'
      readonly fleet: FleetName
      readonly target: FleetTarget
      readonly reason: CapacityReason
    }
  | { readonly kind: 'set-processes'; readonly fleet: FleetName; readonly suspended: readonly string[] }
  | { readonly kind: 'await-healthy'; readonly fleet: FleetName; readonly count: number }
  | { readonly kind: 'set-weights'; readonly shares: Shares; readonly reason: 'admit' | 'shift' | 'release' }
  | {
      readonly kind: 'set-records'
      readonly shares: Shares
      /** Seconds, where the records themselves say. */
      readonly ttl: number | undefined
      readonly reason: 'lower' | 'shift' | 'release'
    }
  /** Exactly these are attached to the target group that all fleets share. */
  | {
      readonly kind: 'set-attached'
      readonly shares: Shares
      /** Targets of each that must be healthy before any other is detached. */
      readonly healthy: Readonly<Record<FleetName, number>>
      readonly reason: 'join' | 'shift'
    }
  /** Until no instance of a fleet that was detached is left in the target group. */
  | { readonly kind: 'await-deregistered'; readonly fleet: FleetName }
  /** Until no client can be led to the fleet by what it was told before, and none is. */
  | { readonly kind: 'await-unasked'; readonly fleet: FleetName }
  | { readonly kind: 'add-route'; readonly route: ClientRoute }
  | { readonly kind: 'remove-route'; readonly ruleArn: string; readonly conditions: string }
  | { readonly kind: 'add-test-listener'; readonly port: number; readonly to: FleetName }
  | { readonly kind: 'remove-test-listener'; readonly listenerArn: string; readonly port: number }
  | { readonly kind: 'await-empty'; readonly fleet: FleetName }
  | { readonly kind: 'await-drained'; readonly fleet: FleetName; readonly left: number }
  | { readonly kind: 'set-roles'; readonly roles: Readonly<Record<FleetName, FleetTarget['role']>> }
  | {
      readonly kind: 'refresh'
      readonly fleet: FleetName
      readonly mix: Mix
      /** Instances of the fleet. */
      readonly capacity: number
    }
  | { readonly kind: 'roll-back'; readonly fleet: FleetName }
  | { readonly kind: 'remove-versions'; readonly fleet: FleetName; readonly versions: readonly string[] }
  | {
      readonly kind: 'set-template'
      readonly fleet: FleetName
      readonly template: NonNullable<FleetTarget['template']>
      readonly release: string
    }
  | { readonly kind: 'set-marks'; readonly fleet: FleetName; readonly marks: Marks }
  | { readonly kind: 'set-release'; readonly fleet: FleetName; readonly release: string }
  | { readonly kind: 'set-former'; readonly fleet: FleetName; readonly former: Former | undefined }
  | { readonly kind: 'set-kept'; readonly fleet: FleetName; readonly kept: Kept | undefined }
  | { readonly kind: 'remove-fleet'; readonly fleet: FleetName }
  /** What is left of a fleet that was not wholly created, or not wholly removed. */
  | { readonly kind: 'clear-remains'; readonly fleet: FleetName }

/** An action that changes what users are led to fleets by. */
export type RoutingAction = Extract<Action, { readonly kind: 'set-weights' | 'set-records' | 'set-attached' }>

export const isRouting = (action: Action): action is RoutingAction =>
  action.kind === 'set-weights' || action.kind === 'set-records' || action.kind === 'set-attached'

/** Whether it goes on for a while, in which users are led here and there. */
export const isGradual = (action: Action): action is Exclude<RoutingAction, { kind: 'set-weights' }> =>
  action.kind === 'set-records' || action.kind === 'set-attached'

/** Whether it leads users to other fleets than before. */
export const isShift = (action: Action): action is RoutingAction =>
  isRouting(action) && action.reason === 'shift'

type CapacityReason = 'up' | 'hold' | 'down'

/** For people, and for the journal. */
export function describeAction(action: Action): string {
  switch (action.kind) {
    case 'create-fleet':
      return `create fleet ${action.fleet} for ${action.target.release}`
    case 'set-capacity': {
      const { desiredCapacity, minSize, maxSize } = action.target
      return `set capacity of ${action.fleet} to ${desiredCapacity} (min ${minSize}, max ${maxSize})`
    }
    case 'set-processes':
      return action.suspended.length === 0
        ? `resume every process of ${action.fleet}`
        : `suspend ${action.suspended.join(', ')} of ${action.fleet}`
    case 'await-healthy':
      return `wait for ${action.count} healthy in ${action.fleet}`
    case 'set-weights':
      return `set weights ${describeShares(action.shares)}`
    case 'set-records': {
      const ttl = action.ttl === undefined ? '' : `, TTL ${formatDuration(action.ttl * 1_000)}`
      return `set records ${describeShares(action.shares)}${ttl}`
    }
    case 'set-attached':
      return `have ${Object.keys(action.shares).join(' and ')} attached to the target group, ${describeHealthy(action.healthy)}`
    case 'await-deregistered':
      return `wait until ${action.fleet} is deregistered`
    case 'await-unasked':
      return `wait until nobody asks ${action.fleet}`
    case 'add-route':
      return `send ${describeClients(action.route)} to ${action.route.to}`
    case 'remove-route':
      return `send clients with ${action.conditions} where all others go`
    case 'add-test-listener':
      return `listen on port ${action.port} for tests of ${action.to}`
    case 'remove-test-listener':
      return `stop listening on port ${action.port} for tests`
    case 'await-empty':
      return `wait until ${action.fleet} has drained`
    case 'await-drained':
      return `wait until all but ${action.left} of ${action.fleet} have drained`
    case 'set-roles':
      return `mark ${Object.entries(action.roles)
        .map(([fleet, role]) => `${fleet} ${role}`)
        .join(', ')}`
    case 'refresh': {
      const { release, percent, replaces, minHealthy, maxHealthy } = action.mix
      const bounds = `healthy ${minHealthy} to ${maxHealthy} %`
      return percent === 0
        ? `replace what runs ${release} in ${action.fleet} by launch template version ${replaces} (${bounds})`
        : `replace instances of ${action.fleet} until ${percent} % run ${release} (${bounds})`
    }
    case 'roll-back':
      return `roll back the instance refresh of ${action.fleet}`
    case 'remove-versions':
      return `remove launch template version ${action.versions.join(', ')}, made for ${action.fleet}`
    case 'set-template':
      return action.template === 'release'
        ? `have ${action.fleet} launch ${action.release}, from a launch template version of its own`
        : `have ${action.fleet} launch from launch template version ${action.template.version}`
    case 'set-marks': {
      const { role, release } = action.marks
      const said = [role && `as ${role}`, release && `as running ${release}`].filter(Boolean)
      return said.length > 0
        ? `mark ${action.fleet} ${said.join(', ')}`
        : `take the marks from ${action.fleet}`
    }
    case 'set-release':
      return `mark ${action.fleet} as running ${action.release}`
    case 'set-former':
      return describeFormer(action.fleet, action.former)
    case 'set-kept':
      return describeKept(action.fleet, action.kept)
    case 'remove-fleet':
      return `remove fleet ${action.fleet}`
    case 'clear-remains':
      return `clear what is left of ${action.fleet}`
  }
}

const describeHealthy = (healthy: Readonly<Record<FleetName, number>>): string =>
  Object.entries(healthy)
    .map(([fleet, count]) => `${count} healthy of ${fleet}`)
    .join(', ')

function describeKept(fleet: FleetName, kept: Kept | undefined): string {
  if (!kept) return `keep ${fleet} no longer`
  const how = kept.until === undefined ? `for ${formatDuration(kept.for)}` : 'as long as it was kept'
  return `keep ${fleet} as it is ${how}`
}

function describeFormer(fleet: FleetName, former: Former | undefined): string {
  if (!former) return `forget at ${fleet} what served before`
  return former.by === 'downtime'
    ? `record at ${fleet} that what served before must never run beside it`
    : `record at ${fleet} that ${former.release} ran from launch template version ${former.launchTemplateVersion}`
}

export const describeShares = (shares: Shares): string =>
  Object.entries(shares)
    .map(([fleet, share]) => `${fleet} ${share}`)
    .join(', ')
