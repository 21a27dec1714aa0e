import type { Cloud } from '../cloud.ts'
import { isDetached } from '../converge/attachment.ts'
import { releaseOn } from '../mix.ts'
import type { FleetSnapshot, GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { type Asked, askMany, tryAsk } from './ask.ts'
import { groupsOf, inService, instancesOf, targetGroupsOf, targetsOf } from './describe.ts'
import { isError } from './error-share.ts'
import { type Findings, waiting } from './finding.ts'
import { instancesIn } from './instance-fleets.ts'

/** A target that can be asked itself, past the load balancer. */
export interface Door {
  readonly instanceId: string
  readonly url: string
}

const AT_ONCE = 16

/** The healthy targets of a fleet, or its instances where it has none. Addresses are mostly private: what asks them must be in their network, or resolve as it. */
export async function doorsOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleet: FleetSnapshot,
  signal?: AbortSignal,
): Promise<readonly Door[]> {
  if (fleet.kind === 'instances') {
    const { passed, urlOf } = await instancesIn(cloud, service, fleet, signal)
    return passed.flatMap((instance) => {
      const url = urlOf(instance)
      return url && instance.InstanceId ? { instanceId: instance.InstanceId, url } : []
    })
  }
  if (isDetached(service, fleet.name)) return await detachedDoors(cloud, service, fleet, signal)
  const targets = await targetsOf(cloud, service, fleet, signal)
  const healthy = targets.filter((each) => each.TargetHealth?.State === 'healthy')
  const ids = healthy.flatMap(({ Target: target }) => (target?.Id?.startsWith('i-') ? target.Id : []))
  const instances = await instancesOf(cloud, service, ids, signal)
  return healthy.flatMap(({ Target: target }) => {
    const id = target?.Id ?? ''
    const address = id.startsWith('i-')
      ? instances.find((each) => each.InstanceId === id)?.PrivateIpAddress
      : id
    return address ? { instanceId: id, url: `http://${address}:${target?.Port ?? 80}` } : []
  })
}

/** What is registered nowhere has no health: those of its instances in service are asked that answer what its target group would ask. */
async function detachedDoors(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleet: GroupFleet,
  signal?: AbortSignal,
): Promise<readonly Door[]> {
  const [groups, [targetGroup]] = await Promise.all([
    groupsOf(cloud, service, service.fleets, signal),
    targetGroupsOf(cloud, service, [fleet], signal),
  ])
  const serving = inService(groups.get(fleet.autoScalingGroupName))
  const ids = serving.flatMap(({ InstanceId: id }) => id ?? [])
  const instances = await instancesOf(cloud, service, ids, signal)
  const doors = instances.flatMap(({ InstanceId: instanceId, PrivateIpAddress: address }) =>
    instanceId && address ? { instanceId, url: `http://${address}:${targetGroup?.Port ?? 80}` } : [],
  )
  const asked = await askMany(doors.length, AT_ONCE, (index) =>
    tryAsk(cloud, `${doors[index]?.url}${targetGroup?.HealthCheckPath ?? '/'}`, { signal }),
  )
  return doors.filter((_, index) => {
    const answer = asked[index]
    return answer !== undefined && (!isError(answer) || cannotBeReached(answer))
  })
}

/** One healthy target of each release that a fleet runs: two while it is being replaced in place. */
export async function releasesOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleet: FleetSnapshot,
  signal?: AbortSignal,
): Promise<readonly (Door & { readonly release: string })[]> {
  const doors = await doorsOf(cloud, service, fleet, signal)
  const byRelease = new Map(doors.toReversed().map((door) => [releaseOn(fleet, door.instanceId), door]))
  return [...byRelease].map(([release, door]) => ({ ...door, release }))
}

/** Terminated or stopped because the machine failed, and not by anybody's wish (EC2 API Reference, StateReason). */
const MACHINE_FAILED = /^Server\./

/**
 * What was found when these instances were asked; where the machine of one was lost meanwhile, that is no fault of what ran
 * on it: its group replaces it, and then they are asked again.
 */
export async function unlessLost(
  cloud: Cloud,
  service: ServiceSnapshot,
  doors: readonly Door[],
  findings: Findings,
  signal?: AbortSignal,
): Promise<Findings> {
  if (findings.every(({ severity }) => severity !== 'wrong')) return findings
  const ids = doors.map(({ instanceId }) => instanceId).filter((id) => id.startsWith('i-'))
  const instances = await instancesOf(cloud, service, [...new Set(ids)], signal)
  const lost = instances.filter(({ StateReason: why }) => MACHINE_FAILED.test(why?.Code ?? ''))
  if (lost.length === 0) return findings
  return lost.map(({ InstanceId: id, StateReason: why }) =>
    waiting({
      subject: `${service.scope} ${id}`,
      expected: 'every instance that is asked to be there',
      seen: `it was lost with its machine (${why?.Message ?? why?.Code})`,
      hint: 'its group replaces it; ask again then',
    }),
  )
}

/** Errors of a network that has no way to the address: they say nothing about the instance. */
const NO_WAY = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

export const cannotBeReached = ({ error }: Asked): boolean => {
  const code = error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && NO_WAY.has(code)
}
