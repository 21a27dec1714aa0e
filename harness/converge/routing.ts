import type { DnsEntry, FleetName, FleetSnapshot, ServiceSnapshot, Target } from '../strategy.ts'
import type { Action, Shares } from './action.ts'
import { ATTACHED } from './attachment.ts'

/** What leads users to the fleets that a target says, in the parts that the one order puts in their places. */
export interface Routing {
  /** Before anything else. */
  readonly ahead: readonly Action[]
  /** Before capacity is waited for. */
  readonly admit: readonly Action[]
  /** When all that shall get traffic is healthy; `urgent`: first of all. */
  readonly shift: readonly Action[]
  readonly urgent: readonly Action[]
  /** Before a fleet that gets no traffic any more shrinks to nothing. */
  readonly unasked: (fleet: FleetSnapshot) => readonly Action[]
  /** When what leaves has gone. */
  readonly release: readonly Action[]
}

export function routingOf(observed: ServiceSnapshot, target: Target): Routing {
  const { entry } = observed
  switch (entry.via) {
    case 'dns':
      return byDns(observed, entry, target)
    case 'registration':
      return byRegistration(observed, target)
    case 'listener':
      return byListener(observed, target)
  }
}

function byListener(observed: ServiceSnapshot, target: Target): Routing {
  const admitted = admittedShares(observed, target)
  const shifted = shiftedShares(observed, target)
  const weights = (from: Shares, shares: Shares, reason: 'admit' | 'shift' | 'release'): Action[] =>
    sameShares(from, shares) ? [] : [{ kind: 'set-weights', shares, reason }]
  return {
    ahead: [],
    admit: weights(observed.shares, admitted, 'admit'),
    shift: weights(admitted, shifted, 'shift'),
    urgent: weights(observed.shares, shifted, 'shift'),
    unasked: () => [],
    release: weights(shifted, target.traffic.shares, 'release'),
  }
}

/**
 * Groups come to the one target group before others leave it. What was detached drains while the gate is open; only
 * when none of it is registered any more may it shrink, for of a detached group nobody waits for what is in flight.
 */
function byRegistration({ shares, fleets }: ServiceSnapshot, target: Target): Routing {
  const wanted = Object.fromEntries(
    Object.entries(target.traffic.shares).flatMap(([name, share]) => (share > 0 ? [[name, ATTACHED]] : [])),
  )
  const both = { ...shares, ...wanted }
  const changes = (healthy: (name: FleetName) => number): Action[] => {
    const count = Object.fromEntries(Object.keys(wanted).map((name) => [name, healthy(name)]))
    return [
      ...(sameShares(shares, both)
        ? []
        : [{ kind: 'set-attached', shares: both, healthy: count, reason: 'join' } as const]),
      ...(sameShares(both, wanted)
        ? []
        : [{ kind: 'set-attached', shares: wanted, healthy: count, reason: 'shift' } as const]),
    ]
  }
  const goal = (name: FleetName): number => target.fleets[name]?.desiredCapacity ?? 0
  const running = (name: FleetName): number => fleets.find((fleet) => fleet.name === name)?.inService ?? 0
  return {
    ahead: [],
    admit: [],
    shift: changes(goal),
    urgent: changes((name) => Math.min(goal(name), Math.max(1, running(name)))),
    // In downtime fleets shrink while they are attached, and their groups wait for the drain.
    unasked: ({ name, targets }) =>
      !target.downtime && wanted[name] === undefined && (shares[name] !== undefined || targets > 0)
        ? [{ kind: 'await-deregistered', fleet: name }]
        : [],
    release: [],
  }
}

/**
 * Nothing is health-checked for being in a record, so a fleet comes into one with its first traffic. A TTL is lowered
 * before weights change, and is what it was when all is done.
 */
function byDns(observed: ServiceSnapshot, entry: DnsEntry, target: Target): Routing {
  const goal = entry.answers === 'alias' ? undefined : (target.traffic.ttl ?? entry.ttl)
  const lowers = goal !== undefined && goal < entry.ttl
  const now = goal === undefined ? undefined : lowers ? goal : entry.ttl
  const shifted = shiftedShares(observed, target)
  const records = (
    shares: Shares,
    ttl: number | undefined,
    reason: 'lower' | 'shift' | 'release',
  ): Action => ({
    kind: 'set-records',
    shares,
    ttl,
    reason,
  })
  const moves = !sameShares(observed.shares, shifted) || isStale(observed, entry, target)
  const shift = moves ? [records(shifted, now, 'shift')] : []
  const done = sameShares(shifted, target.traffic.shares) && now === goal
  return {
    ahead: lowers ? [records(observed.shares, goal, 'lower')] : [],
    admit: [],
    shift,
    urgent: shift,
    unasked: ({ name, desiredCapacity }) =>
      desiredCapacity > 0 && observed.shares[name] !== undefined && (target.traffic.shares[name] ?? 0) === 0
        ? [{ kind: 'await-unasked', fleet: name }]
        : [],
    release: done ? [] : [records(target.traffic.shares, goal, 'release')],
  }
}

/** Whether the records of a fleet that is whole say other addresses than its instances have. */
const isStale = ({ fleets }: ServiceSnapshot, { answers, records }: DnsEntry, target: Target): boolean =>
  answers === 'addresses' &&
  fleets.some((fleet) => {
    const share = target.traffic.shares[fleet.name] ?? 0
    const capacity = target.fleets[fleet.name]?.desiredCapacity
    if (fleet.kind !== 'instances' || share === 0 || fleet.healthy !== capacity) return false
    const said = records.find((record) => record.fleet === fleet.name)?.values
    return said !== undefined && said.join() !== fleet.addresses.join()
  })

function sameShares(a: Shares, b: Shares): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

/** What is in the listener now, and at weight 0 what shall be: only there are its targets health-checked. */
function admittedShares(observed: ServiceSnapshot, target: Target): Shares {
  const admitted: Record<FleetName, number> = { ...observed.shares }
  for (const name of Object.keys(target.traffic.shares)) admitted[name] ??= 0
  return admitted
}

/** The target's shares, with what leaves still there at weight 0, until it has drained. */
function shiftedShares(observed: ServiceSnapshot, target: Target): Shares {
  const shifted: Record<FleetName, number> = {}
  for (const name of Object.keys(observed.shares)) shifted[name] = target.traffic.shares[name] ?? 0
  return { ...shifted, ...target.traffic.shares }
}
