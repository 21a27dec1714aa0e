import { Resolver } from 'node:dns/promises'
import type { Cloud } from '../cloud.ts'
import { formatDuration } from '../duration.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type CheckOptions, lacking } from './check.ts'
import { type LeadingName, leadingNames } from './dns-names.ts'
import { type Findings, list, looking, wrong } from './finding.ts'

export interface DnsSettingsOptions extends CheckOptions {
  /** Milliseconds for which an answer may be kept at most; an hour when not given. */
  readonly ttl?: number
}

const TTL = 3_600_000

/** Wall milliseconds for one answer, and how often a question is sent. */
const PATIENCE = { timeout: 2_500, tries: 2 }

/**
 * Every DNS name that leads to the load balancer is in the zone that the world asks for it, and users who keep its
 * answers could be led elsewhere in time.
 */
export async function dnsSettings(
  cloud: Cloud,
  service: ServiceSnapshot,
  { ttl = TTL, signal }: DnsSettingsOptions,
): Promise<Findings> {
  const expected = 'DNS names that are delegated and can be changed'
  return looking({ subject: service.entry.dnsName, expected, signal }, async () => {
    const names = await leadingNames(cloud, service, signal)
    if (names.length === 0) return []
    const zones = [...new Map(names.map(({ zone }) => [zone.id, zone])).values()]
    const lacks = lacking(cloud, service, ['dns'], expected)
    const found =
      lacks.length > 0 ? [lacks] : await Promise.all(zones.map((zone) => delegated(cloud, zone, signal)))
    return [...names.flatMap((name) => keptFor(name, ttl)), ...found.flat()]
  })
}

function keptFor({ name, ttl: seconds = 0 }: LeadingName, most: number): Findings {
  if (seconds * 1_000 <= most) return []
  const expected = `a TTL of ${formatDuration(most)} at most`
  const hint = 'lower it, and wait for the old one to pass before users must be led elsewhere'
  return [wrong({ subject: name, expected, seen: formatDuration(seconds * 1_000), hint })]
}

/** Zones of one name are told apart by their name servers: only one of them is asked by the world. */
function delegated(
  cloud: Cloud,
  { id, name, nameServers }: LeadingName['zone'],
  signal: AbortSignal | undefined,
): Promise<Findings> {
  const subject = `zone ${name} (${id.replace('/hostedzone/', '')})`
  const expected = `name servers ${list(nameServers)}`
  const hint = `delegate ${name} to them, or put the record into the zone that is delegated to`
  return looking({ subject, expected, signal }, async () => {
    const answered = await nameServersOf(cloud, name, signal)
    if (answered.some((server) => nameServers.includes(server))) return []
    return [wrong({ subject, expected, seen: list(answered), hint })]
  })
}

/** As the world is told; none where there is no such zone. */
async function nameServersOf(
  cloud: Cloud,
  name: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const resolver = new Resolver(PATIENCE)
  if (cloud.address.dns !== undefined) resolver.setServers([cloud.address.dns])
  const cancel = (): void => resolver.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    const servers = await resolver.resolveNs(name)
    return servers.map((server) => server.toLowerCase().replace(/\.$/, ''))
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'ENOTFOUND' || code === 'ENODATA') return []
    throw thrown
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}
