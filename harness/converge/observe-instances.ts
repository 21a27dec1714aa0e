import {
  DescribeInstanceStatusCommand,
  type DescribeInstanceStatusCommandOutput,
  DescribeLaunchTemplatesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeTagsCommand,
  type Instance,
  type LaunchTemplate,
  paginateDescribeInstances,
} from '@aws-sdk/client-ec2'
import type { ResourceRecordSet } from '@aws-sdk/client-route-53'
import type { Cloud, RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { DnsRef, ServiceRef } from '../gate.ts'
import type { FleetName, InstanceFleet } from '../strategy.ts'
import { abortable } from './abortable.ts'
import { type FleetRecord, recordsIn } from './fleet-record.ts'
import { addressOf, answering, servingOf } from './instance-health.ts'
import type { ObservedFleets } from './observe-dns.ts'
import { roleIn, TAG } from './tags.ts'
import { releaseIn } from './template.ts'

/** DescribeInstanceStatus takes 100 ids at most (EC2 API reference). */
const IDS_AT_ONCE = 100

/** Plain instances, told apart by their tags, whose addresses are what the records say. */
export async function observeInstanceFleets(
  cloud: Cloud,
  ref: ServiceRef,
  dns: DnsRef,
  records: readonly ResourceRecordSet[],
  signal: AbortSignal,
): Promise<ObservedFleets> {
  if (ref.fleets === 'pair') {
    throw new SluiceError('precondition', `${ref.name} is no pair: its fleets are plain instances`, {
      hint: 'leave `service.fleets` out of the config; instances are launched and terminated, and none are parked',
    })
  }
  const clients = cloud.region(ref.region)
  const [template, instances] = await Promise.all([
    templateOf(clients, ref.name, signal),
    instancesTagged(clients, ref.name, signal),
  ])
  const known = recordsIn(template.Tags)
  const byFleet = Map.groupBy(instances, (instance) => tagOf(instance, TAG.fleet) ?? '')
  const values = new Set(records.flatMap((record) => record.ResourceRecords ?? []).map(({ Value }) => Value))
  const names = new Set([...known.keys(), ...byFleet.keys()])
  const outside = instances.some(
    ({ PublicIpAddress: address }) => address !== undefined && values.has(address),
  )
  const look = async (name: FleetName): Promise<InstanceFleet> => {
    const own = byFleet.get(name) ?? []
    const record = known.get(name) ?? (await untold(clients, template, own, signal))
    const healthy = await answering(
      cloud,
      await passing(clients, own, signal),
      { ...servingOf(ref), outside },
      signal,
    )
    return snapshotOf(name, record, template, own, { healthy, outside })
  }
  const fleets = await Promise.all([...names].map(look))
  if (instances.length === 0) {
    throw new SluiceError('precondition', `no instance serves ${ref.name} in ${ref.region}`, {
      hint: `tag its instances ${TAG.service}=${ref.name} and ${TAG.fleet}=<a name for all of them>`,
    })
  }
  return {
    fleets,
    protocol: 'HTTP',
    fleetOf: (record) => fleetOf(record, dns, fleets, byFleet),
  }
}

const tagOf = ({ Tags: tags = [] }: Instance, key: string): string | undefined =>
  tags.find((tag) => tag.Key === key)?.Value

/** The fleet that a record is named after, or whose instances have the addresses that it says. */
function fleetOf(
  { SetIdentifier: id = '', ResourceRecords: values = [] }: ResourceRecordSet,
  dns: DnsRef,
  fleets: readonly InstanceFleet[],
  byFleet: ReadonlyMap<FleetName, readonly Instance[]>,
): FleetName {
  const said = new Set(values.map(({ Value }) => Value))
  const leads = ({ name }: InstanceFleet): boolean =>
    (byFleet.get(name) ?? []).some(
      ({ PrivateIpAddress: inside, PublicIpAddress: outside }) =>
        (inside !== undefined && said.has(inside)) || (outside !== undefined && said.has(outside)),
    )
  const found = fleets.find(({ name }) => name === id) ?? fleets.find(leads)
  if (found) return found.name
  throw new SluiceError(
    'precondition',
    `record ${id} of ${dns.record} says ${[...said].join(', ')}, which no instance of the service has`,
    { hint: `tag the instances that it leads to: ${TAG.service} and ${TAG.fleet}` },
  )
}

/**
 * The one launch template of a service: it is told by its tag, and records the fleets launched from it. Its tags are asked
 * for by themselves: moto_server describes a template with those that it was created with.
 */
export async function templateOf(
  { ec2, name: region }: RegionClients,
  service: string,
  signal?: AbortSignal,
): Promise<LaunchTemplate & { LaunchTemplateId: string }> {
  const { LaunchTemplates: found = [] } = await ec2.send(
    new DescribeLaunchTemplatesCommand({ Filters: [{ Name: `tag:${TAG.service}`, Values: [service] }] }),
    abortable(signal),
  )
  const [template] = found
  if (template?.LaunchTemplateId && found.length === 1) {
    const { LaunchTemplateId } = template
    const { Tags: tags = [] } = await ec2.send(
      new DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values: [LaunchTemplateId] }] }),
      abortable(signal),
    )
    return { ...template, LaunchTemplateId, Tags: tags.map(({ Key, Value }) => ({ Key, Value })) }
  }
  throw new SluiceError(
    'precondition',
    `${found.length || 'no'} launch template${found.length > 1 ? 's are' : ' is'} tagged ${TAG.service}=${service} in ${region}; exactly one must be`,
    { hint: 'tag the launch template that its instances were launched from' },
  )
}

/** Those of the service that have a fleet, but for what has ended. */
export async function instancesTagged(
  { ec2 }: RegionClients,
  service: string,
  signal?: AbortSignal,
): Promise<readonly Instance[]> {
  const found: Instance[] = []
  const Filters = [
    { Name: `tag:${TAG.service}`, Values: [service] },
    { Name: 'tag-key', Values: [TAG.fleet] },
    { Name: 'instance-state-name', Values: ['pending', 'running', 'shutting-down', 'stopping', 'stopped'] },
  ]
  for await (const page of paginateDescribeInstances({ client: ec2 }, { Filters }, abortable(signal)))
    found.push(...(page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []))
  return found.sort((a, b) => ((a.InstanceId ?? '') < (b.InstanceId ?? '') ? -1 : 1))
}

/** Those that run and have passed EC2's status checks. */
export async function passing(
  { ec2 }: RegionClients,
  instances: readonly Instance[],
  signal?: AbortSignal,
): Promise<readonly Instance[]> {
  const running = instances.filter(({ State: state }) => state?.Name === 'running')
  const passed = new Set<string>()
  for (let from = 0; from < running.length; from += IDS_AT_ONCE) {
    const InstanceIds = running.slice(from, from + IDS_AT_ONCE).flatMap(({ InstanceId: id }) => id ?? [])
    const { InstanceStatuses: statuses = [] }: DescribeInstanceStatusCommandOutput = await ec2.send(
      new DescribeInstanceStatusCommand({ InstanceIds }),
      abortable(signal),
    )
    for (const { InstanceId: id, InstanceStatus: own, SystemStatus: system } of statuses)
      if (id && own?.Status === 'ok' && system?.Status === 'ok') passed.add(id)
  }
  return running.filter(({ InstanceId: id = '' }) => passed.has(id))
}

export const isLive = ({ State: state }: Instance): boolean =>
  state?.Name === 'pending' || state?.Name === 'running'

/** A fleet that Sluice has not dealt with yet: what its instances themselves say. */
async function untold(
  { ec2 }: RegionClients,
  { LaunchTemplateId }: LaunchTemplate,
  instances: readonly Instance[],
  signal: AbortSignal,
): Promise<FleetRecord> {
  const [first] = instances.filter(isLive)
  const version = first && tagOf(first, 'aws:ec2launchtemplate:version')
  const told = first && tagOf(first, TAG.release)
  const { LaunchTemplateVersions: [found] = [] } =
    told !== undefined || version === undefined
      ? {}
      : await ec2.send(
          new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [version] }),
          abortable(signal),
        )
  return {
    role: roleIn(first && tagOf(first, TAG.role)),
    release: told ?? releaseIn(found) ?? 'unknown',
    launchTemplateVersion: version ?? (first && tagOf(first, TAG.version)) ?? '',
  }
}

function snapshotOf(
  name: FleetName,
  { role, release, launchTemplateVersion, createdBy, former }: FleetRecord,
  { LaunchTemplateId: id = '' }: LaunchTemplate,
  instances: readonly Instance[],
  { healthy, outside }: { readonly healthy: readonly Instance[]; readonly outside: boolean },
): InstanceFleet {
  const live = instances.filter(isLive).length
  return {
    kind: 'instances',
    name,
    role,
    release,
    launchTemplate: { id, version: launchTemplateVersion },
    minSize: live,
    maxSize: live,
    desiredCapacity: live,
    inService: instances.filter(({ State: state }) => state?.Name === 'running').length,
    healthy: healthy.length,
    instances: instances.length,
    targets: live,
    suspendedProcesses: [],
    deregistrationDelay: 0,
    owned: createdBy !== undefined,
    instanceIds: healthy.flatMap(({ InstanceId }) => InstanceId ?? []),
    addresses: healthy.flatMap((instance) => addressOf(instance, outside) ?? []).sort(),
    ...(former ? { former } : {}),
  }
}
