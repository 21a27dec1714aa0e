import {
  ListHostedZonesByNameCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
} from '@aws-sdk/client-route-53'
import type { Cloud, RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { DnsRef, ServiceRef } from '../gate.ts'
import type { DnsEntry, FleetSnapshot, RecordSnapshot } from '../strategy.ts'
import { abortable } from './abortable.ts'
import type { Observed } from './observe.ts'
import { observeBalanced } from './observe-balanced.ts'
import { observeInstanceFleets } from './observe-instances.ts'

/** Seconds for which resolvers keep an alias of a load balancer (Route 53 Developer Guide, Choosing between alias and non-alias records). */
const ALIAS_TTL = 60

/** A service whose users are led to its fleets by the weighted records of one name. */
export async function observeDns(
  cloud: Cloud,
  ref: ServiceRef,
  dns: DnsRef,
  inPlaceBy: string | undefined,
  signal: AbortSignal,
): Promise<Observed> {
  const clients = cloud.region(ref.region)
  const zone = await zoneNamed(clients, dns.zone, signal)
  const records = weighted(await recordsOf(clients, zone.id, dns.record, signal), dns)
  const { fleets, fleetOf, protocol } =
    dns.to === 'load-balancers'
      ? await observeBalanced(clients, ref, dns, records, inPlaceBy, signal)
      : await observeInstanceFleets(cloud, ref, dns, records, signal)
  const known = records.map((record) => snapshotOf(record, fleetOf(record)))
  const entry: DnsEntry = {
    via: 'dns',
    zone,
    dnsName: dns.record,
    type: 'A',
    answers: dns.to === 'load-balancers' ? 'alias' : 'addresses',
    ttl: Math.max(...records.map(({ TTL = ALIAS_TTL }) => TTL)),
    records: known,
    port: dns.port,
    protocol,
  }
  return { entry, fleets, shares: Object.fromEntries(known.map(({ fleet, weight }) => [fleet, weight])) }
}

/** What of the fleets the records need: how each is told from its record. */
export interface ObservedFleets {
  readonly fleets: readonly FleetSnapshot[]
  readonly protocol: string
  /** Throws where the record leads to none of them. */
  fleetOf(record: ResourceRecordSet): string
}

async function zoneNamed(
  { route53 }: RegionClients,
  name: string,
  signal?: AbortSignal,
): Promise<DnsEntry['zone']> {
  const { HostedZones: zones = [] } = await route53.send(
    new ListHostedZonesByNameCommand({ DNSName: name }),
    abortable(signal),
  )
  // A private zone answers inside of its VPCs only.
  const found = zones.filter((zone) => zone.Name === `${name}.` && !zone.Config?.PrivateZone)
  const [zone] = found
  if (zone?.Id && found.length === 1) return { id: zone.Id.replace('/hostedzone/', ''), name }
  throw new SluiceError(
    'precondition',
    found.length === 0
      ? `there is no public hosted zone ${name}`
      : `there is more than one public hosted zone ${name}: ${found.map(({ Id }) => Id).join(', ')}`,
    { hint: 'correct service.entry.dns.zone, or delete the zone that is not delegated to' },
  )
}

/** The records of one name, of every type. */
export async function recordsOf(
  { route53 }: RegionClients,
  zoneId: string,
  name: string,
  signal?: AbortSignal,
): Promise<readonly ResourceRecordSet[]> {
  const found: ResourceRecordSet[] = []
  const own = `${name}.`
  let from: { StartRecordType?: ResourceRecordSet['Type']; StartRecordIdentifier?: string | undefined } = {}
  for (;;) {
    const page = await route53.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: zoneId, StartRecordName: name, ...from }),
      abortable(signal),
    )
    found.push(...(page.ResourceRecordSets ?? []).filter((record) => record.Name?.toLowerCase() === own))
    // They come in the order of names: what follows is none of ours.
    if (!page.IsTruncated || page.NextRecordName?.toLowerCase() !== own) return found
    from = { StartRecordType: page.NextRecordType, StartRecordIdentifier: page.NextRecordIdentifier }
  }
}

/** The weighted A records; throws where the name has none, or others that a shift would leave behind. */
function weighted(records: readonly ResourceRecordSet[], { record: name, to }: DnsRef): ResourceRecordSet[] {
  const refuse = (what: string, hint: string): never => {
    throw new SluiceError('precondition', what, { hint })
  }
  const others = records.filter(({ Type }) => Type === 'AAAA' || Type === 'CNAME')
  if (others.length > 0) {
    const types = [...new Set(others.map(({ Type }) => Type))].join(', ')
    refuse(
      `${name} has records of type ${types}, by which users would be led past what is shifted`,
      'Sluice shifts A records; remove the others',
    )
  }
  const found = records.filter(({ Type }) => Type === 'A')
  if (found.length === 0) refuse(`there is no A record ${name}`, 'correct service.entry.dns in the config')
  if (found.some(({ Weight, SetIdentifier }) => Weight === undefined || !SetIdentifier))
    refuse(
      `the A record ${name} is not weighted`,
      'replace it by one with a set identifier and a weight: delete and create it in one ChangeResourceRecordSets',
    )
  const fits = (record: ResourceRecordSet): boolean =>
    to === 'load-balancers' ? record.AliasTarget !== undefined : (record.ResourceRecords ?? []).length > 0
  const odd = found.find((record) => !fits(record))
  if (odd)
    refuse(
      `record ${odd.SetIdentifier} of ${name} leads to ${odd.AliasTarget ? `an alias (${odd.AliasTarget.DNSName})` : 'addresses'}, and not to ${to}`,
      'correct service.entry.dns.to in the config',
    )
  return found
}

function snapshotOf(record: ResourceRecordSet, fleet: string): RecordSnapshot {
  const { AliasTarget: alias, HealthCheckId: healthCheckId, ResourceRecords: values } = record
  return {
    fleet,
    setIdentifier: record.SetIdentifier ?? '',
    weight: record.Weight ?? 0,
    ...(alias
      ? {
          alias: {
            hostedZoneId: alias.HostedZoneId ?? '',
            dnsName: alias.DNSName ?? '',
            evaluateTargetHealth: alias.EvaluateTargetHealth ?? false,
          },
        }
      : { values: (values ?? []).map(({ Value = '' }) => Value).sort() }),
    ...(healthCheckId === undefined ? {} : { healthCheckId }),
  }
}
