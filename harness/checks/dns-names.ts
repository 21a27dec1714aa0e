import {
  type HostedZone,
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandOutput,
  paginateListHostedZones,
  type ResourceRecordSet,
} from '@aws-sdk/client-route-53'
import type { Cloud, RegionClients } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import type { EntrySnapshot, ServiceSnapshot } from '../strategy.ts'

/** A DNS name that leads to the load balancer, as its zone has it. */
export interface LeadingName {
  readonly name: string
  /** Seconds; absent for an alias, whose answers hold for 60 (Route 53 Developer Guide, Choosing between alias and non-alias records). */
  readonly ttl?: number | undefined
  readonly zone: { readonly id: string; readonly name: string; readonly nameServers: readonly string[] }
}

/** Names of records that lead to the load balancer, by alias or CNAME. Wildcards name nothing that could be asked. */
export async function leadingNames(
  cloud: Cloud,
  service: ServiceSnapshot,
  signal: AbortSignal | undefined,
): Promise<readonly LeadingName[]> {
  const clients = cloud.region(service.region)
  const zones: HostedZone[] = []
  for await (const page of paginateListHostedZones({ client: clients.route53 }, {}, abortable(signal))) {
    // A private zone answers inside of its VPCs only.
    zones.push(...(page.HostedZones ?? []).filter((zone) => !zone.Config?.PrivateZone))
  }
  const names: LeadingName[] = []
  for (const { Id: id = '', Name } of zones) {
    const name = plain(Name)
    const nameServers: string[] = []
    const zone = { id, name, nameServers }
    for await (const record of recordsOf(clients, id, signal)) {
      const own = plain(record.Name)
      if (record.Type === 'NS' && own === name)
        nameServers.push(...(record.ResourceRecords?.map(({ Value }) => plain(Value)) ?? []))
      if (leads(record, service.entry) && !own.startsWith('\\052'))
        names.push({ name: own, ttl: record.TTL, zone })
    }
  }
  return names
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

/** Where users are led by a name's own records, that name; else what leads to the load balancer. */
const leads = (record: ResourceRecordSet, entry: EntrySnapshot): boolean =>
  entry.via === 'dns'
    ? record.Type === entry.type && plain(record.Name) === entry.dnsName
    : leadsTo(record, entry.dnsName)

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
