import { createHash } from 'node:crypto'
import type { FleetName, FleetSnapshot, Release, ServiceSnapshot } from '#harness/strategy'

/** Target group names end at 32 characters, and take letters, digits and inner hyphens (CreateTargetGroup). */
const LONGEST = 32

/**
 * The name of the fleet that runs a release beside the stable one. The same for the same service and version, so
 * that a second attempt finds what the first one made.
 */
export function candidateName(service: ServiceSnapshot, release: Release): FleetName {
  const next = nextOfPair(service)
  if (next) return next.name
  const wanted = `${service.service}-${release.version}`
  const plain = wanted.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '')
  const taken = stableOf(service).name === plain
  if (plain === wanted.replaceAll('.', '-') && plain.length <= LONGEST && !taken) return plain
  const hash = createHash('sha256')
    .update(`${wanted}${taken ? ' again' : ''}`)
    .digest('hex')
    .slice(0, 6)
  return `${plain.slice(0, LONGEST - 7).replace(/-+$/, '')}-${hash}`
}

export function stableOf(service: ServiceSnapshot): FleetSnapshot {
  const stable = service.fleets.find((fleet) => fleet.role === 'stable')
  if (!stable) throw new Error(`service ${service.scope} was observed without a stable fleet`)
  return stable
}

/** The one of a pair that does not serve, and so comes next; undefined where the candidate is a fleet of Sluice's own. */
export function nextOfPair(service: ServiceSnapshot): FleetSnapshot | undefined {
  if (!service.pair) return undefined
  const stable = stableOf(service)
  const next = service.fleets.find((fleet) => fleet !== stable)
  if (!next) throw new Error(`service ${service.scope} was observed as a pair of one fleet`)
  return next
}
