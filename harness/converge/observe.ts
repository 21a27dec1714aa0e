import { deadline } from '../clock.ts'
import type { Cloud, RegionClients } from '../cloud.ts'
import { isDns } from '../entry.ts'
import { SluiceError } from '../errors.ts'
import type { ListenerRef, ServiceRef } from '../gate.ts'
import { scopeOf } from '../scope.ts'
import type {
  EntrySnapshot,
  FleetRole,
  FleetSnapshot,
  ListenerSnapshot,
  RouteSnapshot,
  ServiceSnapshot,
} from '../strategy.ts'
import { observeDns } from './observe-dns.ts'
import { observeGroup, taggedGroups, withUntagged } from './observe-groups.ts'
import { observeListener } from './observe-listener.ts'
import { observeRegistered } from './observe-registration.ts'
import { pairOf } from './pair.ts'
import { observeRoutes } from './routes.ts'
import { TAG } from './tags.ts'
import { observeListeners } from './test-listeners.ts'

export { abortable } from './abortable.ts'

/** Wall milliseconds: retries of throttled calls included. */
const OBSERVE_WITHIN = 60_000

/**
 * The service as it stands in the cloud. Throws `precondition` when it is not there or not of a shape that Sluice
 * can deploy to; an SDK error passes through.
 */
export async function observeService(
  cloud: Cloud,
  ref: ServiceRef,
  signal?: AbortSignal,
  /** A deployment that changes fleets in place: then its traces are looked for too, with two more calls for each fleet. */
  inPlaceBy?: string,
): Promise<ServiceSnapshot> {
  const late = (): Error =>
    new SluiceError('timeout', `${ref.name} in ${ref.region} could not be observed in time`)
  using time = deadline(cloud.clock.wall, OBSERVE_WITHIN, late, signal)
  try {
    return await observe(cloud, ref, inPlaceBy, time.signal)
  } catch (thrown) {
    // The SDK has an abort error of its own; what counts is why the signal was aborted.
    throw time.signal.aborted ? time.signal.reason : thrown
  }
}

/** What is observed of a service, whatever its entry is. */
export interface Observed {
  readonly entry: EntrySnapshot
  readonly fleets: readonly FleetSnapshot[]
  readonly shares: Readonly<Record<string, number>>
  readonly routes?: readonly RouteSnapshot[]
  readonly listeners?: readonly ListenerSnapshot[]
}

async function observe(
  cloud: Cloud,
  ref: ServiceRef,
  inPlaceBy: string | undefined,
  signal: AbortSignal,
): Promise<ServiceSnapshot> {
  const clients = cloud.region(ref.region)
  const {
    entry,
    fleets,
    shares,
    routes = [],
    listeners = [],
  } = isDns(ref.entry)
    ? await observeDns(cloud, ref, ref.entry.dns, inPlaceBy, signal)
    : ref.entry.by === 'registration'
      ? await observeRegistered(cloud, ref, ref.entry, inPlaceBy, signal)
      : await behindListener(clients, ref, ref.entry, inPlaceBy, signal)
  return {
    scope: scopeOf(ref),
    service: ref.name,
    region: ref.region,
    entry,
    fleets: inRoleOrder(ref, fleets),
    shares,
    ...(ref.fleets === 'pair' ? { pair: true } : {}),
    ...(routes.length > 0 ? { routes } : {}),
    ...(listeners.length > 0 ? { listeners } : {}),
  }
}

async function behindListener(
  clients: RegionClients,
  ref: ServiceRef,
  at: ListenerRef,
  inPlaceBy: string | undefined,
  signal: AbortSignal,
): Promise<Observed> {
  const { name, region } = ref
  const [{ snapshot: entry, tuples, others }, groups] = await Promise.all([
    observeListener(clients, at, signal),
    taggedGroups(clients, name, signal),
  ])
  const targetGroups = tuples.flatMap((tuple) => tuple.TargetGroupArn ?? [])
  const attached = await withUntagged(clients, groups, targetGroups, signal)
  if (attached.length === 0) {
    throw new SluiceError('precondition', `no Auto Scaling group serves ${name} in ${region}`, {
      hint: `attach the group to a target group that listener ${at.listener} of ${at.loadBalancer} forwards to, or tag it ${TAG.service}=${name}`,
    })
  }
  const weights = new Map(tuples.map((tuple) => [tuple.TargetGroupArn, tuple.Weight ?? 1]))
  const found = await Promise.all(attached.map((group) => observeGroup(clients, group, inPlaceBy, signal)))
  const fleets = ref.fleets === 'pair' ? pairOf(ref, attached, found, weights) : found
  // Only the rules of an Application Load Balancer tell clients apart.
  const routes = entry.loadBalancerName.startsWith('app/')
    ? await observeRoutes(clients, entry.listenerArn, name, fleets, signal)
    : []
  const listeners = await observeListeners(clients, others, name, fleets, signal)
  const shares: Record<string, number> = {}
  for (const fleet of fleets) {
    const weight = weights.get(fleet.targetGroupArn)
    if (weight !== undefined) shares[fleet.name] = weight
  }
  for (const [arn, weight] of weights) {
    const foreign = arn !== undefined && fleets.every(({ targetGroupArn }) => targetGroupArn !== arn)
    if (foreign) shares[arn] = weight
  }
  return { entry, fleets, shares, routes, listeners }
}

const ROLES: readonly FleetRole[] = ['stable', 'candidate', 'parked']

function inRoleOrder(ref: ServiceRef, fleets: readonly FleetSnapshot[]): FleetSnapshot[] {
  const sorted = [...fleets].sort(
    (a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || (a.name < b.name ? -1 : 1),
  )
  const stable = sorted.filter((fleet) => fleet.role === 'stable')
  if (stable.length === 1) return sorted
  throw new SluiceError(
    'precondition',
    `${ref.name} in ${ref.region} has ${stable.length || 'no'} stable fleets (${sorted.map((fleet) => `${fleet.name}: ${fleet.role}`).join(', ')}); exactly one must be`,
    {
      hint: `set the tag ${TAG.role}=candidate or ${TAG.role}=parked on every group but the one that serves today`,
    },
  )
}
