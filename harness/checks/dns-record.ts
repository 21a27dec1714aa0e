import {
  type HostedZone,
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandOutput,
  paginateListHostedZones,
  type ResourceRecordSet,
} from '@aws-sdk/client-route-53'
import type { Cloud, RegionClients } from '../cloud.ts'
import { abortable } from '../converge/observe.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { askMany, entryUrl, tryAsk } from './ask.ts'
import { type CheckOptions, lacking } from './check.ts'
import { DEFAULT_LIMIT, type ErrorLimit, errorShare } from './error-share.ts'
import { type Findings, looking, waiting } from './finding.ts'
import { versionsIn } from './main-page.ts'

const REQUESTS = 4
const AT_ONCE = 4

export interface DnsOptions extends CheckOptions {
  readonly path: string
  /** The one version that may answer; any when not given. */
  readonly version?: string | undefined
  readonly limit?: ErrorLimit | undefined
}

/**
 * Every DNS name that Route 53 points at the load balancer resolves and is answered by the service. A service without
 * a record is not held to it.
 */
export async function dnsRecord(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: DnsOptions,
): Promise<Findings> {
  const { signal } = options
  const subject = service.entry.dnsName
  const expected = 'the names of the service to resolve to it'
  return looking({ subject, expected, signal }, async () => {
    const names = await namesOf(cloud, service, signal)
    if (names.length === 0) return []
    const lacks = lacking(cloud, service, ['dns', 'data-plane'], expected)
    if (lacks.length > 0) return lacks
    return (await Promise.all(names.map((name) => resolves(cloud, service, name, options)))).flat()
  })
}

async function resolves(
  cloud: Cloud,
  service: ServiceSnapshot,
  name: string,
  { path, version, signal, limit = DEFAULT_LIMIT }: DnsOptions,
): Promise<Findings> {
  const url = entryUrl({ ...service, entry: { ...service.entry, dnsName: name } })
  const asked = await askMany(REQUESTS, AT_ONCE, () => tryAsk(cloud, url + path, { signal }))
  const versions = [...versionsIn(asked).keys()]
  const hint = `look at the record set of ${name}, and at GetChange: a change takes effect when it is INSYNC`
  if (version === undefined || versions.every((each) => each === version))
    return errorShare(name, asked, limit)
  return [waiting({ subject: name, expected: `version ${version}`, seen: versions.join(', '), hint })]
}

/** Names of records that lead to the load balancer, by alias or CNAME. Wildcards name nothing that could be asked. */
async function namesOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { route53 } = cloud.region(service.region)
  const zones: HostedZone[] = []
  for await (const page of paginateListHostedZones({ client: route53 }, {}, abortable(signal))) {
    // A private zone answers inside of its VPCs only.
    zones.push(...(page.HostedZones ?? []).filter((zone) => !zone.Config?.PrivateZone))
  }
  const names = new Set<string>()
  for (const { Id: zone = '' } of zones) {
    for await (const record of recordsOf(cloud.region(service.region), zone, signal)) {
      const name = plain(record.Name)
      if (leadsTo(record, service.entry.dnsName) && !name.startsWith('\\052')) names.add(name)
    }
  }
  return [...names]
}

/** ListResourceRecordSets pages by the next record's name, type and identifier; the SDK has no paginator for it. */
async function* recordsOf(
  { route53 }: RegionClients,
  zone: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ResourceRecordSet> {
  let page: ListResourceRecordSetsCommandOutput | undefined
  do {
    page = await route53.send(
      new ListResourceRecordSetsCommand({
        HostedZoneId: zone,
        StartRecordName: page?.NextRecordName,
        StartRecordType: page?.NextRecordType,
        StartRecordIdentifier: page?.NextRecordIdentifier,
      }),
      abortable(signal),
    )
    yield* page.ResourceRecordSets ?? []
  } while (page.IsTruncated)
}

const leadsTo = (record: ResourceRecordSet, dnsName: string): boolean =>
  plain(record.AliasTarget?.DNSName) === plain(dnsName) ||
  (record.Type === 'CNAME' &&
    (record.ResourceRecords?.some(({ Value }) => plain(Value) === plain(dnsName)) ?? false))

/** Without the final dot and the `dualstack.` that the console puts before a load balancer's name. */
const plain = (name = ''): string =>
  name
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^dualstack\./, '')
