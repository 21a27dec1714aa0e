import { createHash } from 'node:crypto'
import {
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeInstancesCommand,
  type DescribeInstancesCommandOutput,
  DescribeLaunchTemplateVersionsCommand,
  type Instance,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { formatDuration } from '../duration.ts'
import { SluiceError } from '../errors.ts'
import type { FleetName, FleetRole, FleetTarget, Former, InstanceFleet } from '../strategy.ts'
import { type ActionContext, LOOK_INTERVAL } from './context.ts'
import { type FleetRecord, recordKey, recordsIn, recordTag } from './fleet-record.ts'
import { addressOf, answering, servingOf } from './instance-health.ts'
import { instancesTagged, isLive, passing, templateOf } from './observe-instances.ts'
import { clearVersions } from './remains.ts'
import { TAG } from './tags.ts'
import { launchTemplateVersion, removeOwnVersion } from './template.ts'

function fleetNamed({ observed }: ActionContext, name: FleetName): InstanceFleet {
  const fleet = observed.fleets.find((each) => each.name === name)
  if (fleet?.kind === 'instances') return fleet
  throw new SluiceError('internal', `fleet ${name} was not observed as plain instances`)
}

/** A numbered launch template version for the release, and the record of a fleet that runs it: instances come later. */
export async function createInstanceFleet(context: ActionContext, name: FleetName): Promise<void> {
  const model = context.observed.fleets.find((fleet) => fleet.role === 'stable')
  if (!model) throw new SluiceError('internal', 'there is no stable fleet to copy')
  const version = await launchTemplateVersion(context, model.launchTemplate, name)
  await record(context, {
    [name]: {
      role: 'candidate',
      release: context.release.version,
      launchTemplateVersion: String(version),
      createdBy: context.deployment,
    },
  })
}

async function record(
  { clients, observed, signal }: ActionContext,
  records: Readonly<Record<FleetName, FleetRecord>>,
): Promise<void> {
  const [first] = observed.fleets
  await clients.ec2.send(
    new CreateTagsCommand({
      Resources: [first?.launchTemplate.id ?? ''],
      Tags: Object.entries(records).map(([fleet, each]) => recordTag(fleet, each)),
    }),
    { abortSignal: signal },
  )
}

async function forget(
  { clients, observed, signal }: ActionContext,
  names: readonly FleetName[],
): Promise<void> {
  const [first] = observed.fleets
  await clients.ec2.send(
    new DeleteTagsCommand({
      Resources: [first?.launchTemplate.id ?? ''],
      Tags: names.map((name) => ({ Key: recordKey(name) })),
    }),
    { abortSignal: signal },
  )
}

/** The record of a fleet as it is now, or as its snapshot would have it. */
async function recorded(context: ActionContext, fleet: InstanceFleet): Promise<FleetRecord> {
  const { Tags } = await templateOf(context.clients, context.observed.service, context.signal)
  const { role, release, launchTemplate, former } = fleet
  return (
    recordsIn(Tags).get(fleet.name) ?? {
      role,
      release,
      launchTemplateVersion: launchTemplate.version,
      ...(former ? { former } : {}),
    }
  )
}

const ownInstances = async (context: ActionContext, name: FleetName): Promise<readonly Instance[]> => {
  const all = await instancesTagged(context.clients, context.observed.service, context.signal)
  return all.filter(({ Tags: tags = [] }) =>
    tags.some(({ Key, Value }) => Key === TAG.fleet && Value === name),
  )
}

/** Launches what is missing, or terminates what is too much: those first that do not serve. */
export async function setInstanceCount(
  context: ActionContext,
  name: FleetName,
  { desiredCapacity: goal }: FleetTarget,
): Promise<void> {
  const fleet = fleetNamed(context, name)
  const live = (await ownInstances(context, name)).filter(isLive)
  if (live.length < goal) return launch(context, fleet, live, goal)
  const healthy = new Set(fleet.instanceIds)
  const least = live.toSorted(
    (a, b) => Number(healthy.has(a.InstanceId ?? '')) - Number(healthy.has(b.InstanceId ?? '')),
  )
  const surplus = least.slice(0, live.length - goal).flatMap(({ InstanceId }) => InstanceId ?? [])
  if (surplus.length === 0) return
  await context.clients.ec2.send(new TerminateInstancesCommand({ InstanceIds: surplus }), {
    abortSignal: context.signal,
  })
}

/** Spread over the subnets of the stable fleet, as evenly as they go. */
async function launch(
  context: ActionContext,
  fleet: InstanceFleet,
  live: readonly Instance[],
  goal: number,
): Promise<void> {
  const { clients, observed, signal } = context
  const { id, version } = fleet.launchTemplate
  if (!/^\d+$/.test(version)) {
    throw new SluiceError('precondition', `nothing says which launch template version ${fleet.name} runs`, {
      hint: `tag its instances ${TAG.version}=<number>`,
    })
  }
  const stable = observed.fleets.find(({ role }) => role === 'stable') ?? fleet
  const [models, known, placed] = await Promise.all([
    ownInstances(context, stable.name),
    everSeen(context, fleet.name),
    placedByTemplate(context, fleet),
  ])
  const subnets = placed ? [] : [...new Set(models.flatMap(({ SubnetId }) => SubnetId ?? []))].sort()
  for (const [subnet, count] of spread(subnets, live, goal)) {
    await clients.ec2.send(
      new RunInstancesCommand({
        LaunchTemplate: { LaunchTemplateId: id, Version: version },
        MinCount: count,
        MaxCount: count,
        // The same for a retry; another one when what a first call launched has ended meanwhile.
        ClientToken: tokenOf([context.deployment, fleet.name, subnet ?? '', String(goal), ...known]),
        ...(subnet === undefined ? {} : { SubnetId: subnet }),
        TagSpecifications: [{ ResourceType: 'instance', Tags: tagsFor(context, fleet, models[0]) }],
      }),
      { abortSignal: signal },
    )
  }
}

/** How many to launch in which subnet; undefined where the launch template or EC2 chooses. */
function spread(
  subnets: readonly string[],
  live: readonly Instance[],
  goal: number,
): readonly (readonly [string | undefined, number])[] {
  const missing = goal - live.length
  if (subnets.length === 0) return [[undefined, missing]]
  const counts = new Map(
    subnets.map((subnet) => [subnet, live.filter(({ SubnetId }) => SubnetId === subnet).length]),
  )
  const more = new Map<string, number>()
  for (let left = missing; left > 0; left--) {
    const [least = ''] = [...counts].reduce((a, b) => (b[1] < a[1] ? b : a))
    counts.set(least, (counts.get(least) ?? 0) + 1)
    more.set(least, (more.get(least) ?? 0) + 1)
  }
  return [...more]
}

/** Where a launch template version has network interfaces, a subnet cannot be given beside them. */
async function placedByTemplate(
  { clients, signal }: ActionContext,
  { launchTemplate: { id, version } }: InstanceFleet,
): Promise<boolean> {
  const { LaunchTemplateVersions: [found] = [] } = await clients.ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: [version] }),
    { abortSignal: signal },
  )
  return (found?.LaunchTemplateData?.NetworkInterfaces ?? []).length > 0
}

/** Ids of the fleet's instances, those included that have ended and are described still. */
async function everSeen(
  { clients, observed, signal }: ActionContext,
  name: FleetName,
): Promise<readonly string[]> {
  const Filters = [
    { Name: `tag:${TAG.service}`, Values: [observed.service] },
    { Name: `tag:${TAG.fleet}`, Values: [name] },
  ]
  const ids: string[] = []
  let NextToken: string | undefined
  do {
    const page: DescribeInstancesCommandOutput = await clients.ec2.send(
      new DescribeInstancesCommand({ Filters, NextToken }),
      { abortSignal: signal },
    )
    const instances = (page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? [])
    ids.push(...instances.flatMap(({ InstanceId }) => InstanceId ?? []))
    NextToken = page.NextToken
  } while (NextToken)
  return ids.sort()
}

/** A ClientToken takes 64 characters (EC2 API reference, RunInstances). */
const tokenOf = (parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 64)

function tagsFor(
  { observed, deployment }: ActionContext,
  fleet: InstanceFleet,
  model: Instance | undefined,
): { Key: string; Value: string }[] {
  const copied = (model?.Tags ?? []).filter(({ Key = '' }) => !/^(sluice|aws):/.test(Key))
  const marks = {
    [TAG.service]: observed.service,
    [TAG.fleet]: fleet.name,
    [TAG.release]: fleet.release,
    [TAG.version]: fleet.launchTemplate.version,
    [TAG.createdBy]: deployment,
  }
  return [
    ...copied.flatMap(({ Key, Value }) => (Key === undefined ? [] : [{ Key, Value: Value ?? '' }])),
    ...Object.entries(marks).map(([Key, Value]) => ({ Key, Value })),
  ]
}

/** Whether the records say public addresses. */
function sayOutside({ observed }: ActionContext, instances: readonly Instance[]): boolean {
  const said = observed.entry.via === 'dns' ? observed.entry.records.flatMap(({ values = [] }) => values) : []
  return instances.some(({ PublicIpAddress: address }) => address !== undefined && said.includes(address))
}

async function healthyOf(
  context: ActionContext,
  name: FleetName,
): Promise<{ all: readonly Instance[]; healthy: readonly Instance[]; outside: boolean }> {
  const { clients, cloud, ref, observed, signal } = context
  const every = await instancesTagged(clients, observed.service, signal)
  const all = every.filter(({ Tags: tags = [] }) =>
    tags.some(({ Key, Value }) => Key === TAG.fleet && Value === name),
  )
  const outside = sayOutside(context, every)
  const passed = await passing(clients, all, signal)
  return { all, outside, healthy: await answering(cloud, passed, { ...servingOf(ref), outside }, signal) }
}

/** The addresses that users are given of a fleet: of those instances that are healthy now. */
export async function addressesOf(context: ActionContext, name: FleetName): Promise<readonly string[]> {
  const { healthy, outside } = await healthyOf(context, name)
  return healthy.flatMap((instance) => addressOf(instance, outside) ?? []).sort()
}

/** Waits until so many instances run, pass EC2's status checks and answer. Throws `unhealthy` when that takes too long. */
export async function awaitInstancesHealthy(
  context: ActionContext,
  name: FleetName,
  count: number,
): Promise<void> {
  const { clock, signal } = context
  const started = clock.now()
  let seen = { all: 0, running: 0, healthy: 0 }
  try {
    for (;;) {
      const { all, healthy } = await healthyOf(context, name)
      const running = all.filter(({ State: state }) => state?.Name === 'running').length
      seen = { all: all.length, running, healthy: healthy.length }
      if (healthy.length >= count) return
      await clock.sleep(LOOK_INTERVAL, signal)
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown
    const { reason } = signal
    if (!(reason instanceof SluiceError) || reason.code !== 'timeout') throw reason
    const version = fleetNamed(context, name).release
    throw new SluiceError(
      'unhealthy',
      `${version} did not become healthy within ${formatDuration(clock.now() - started)}: ${seen.healthy} of ${count} instances of ${name} pass their status checks and answer, ${seen.running} run`,
      { cause: reason, hint: 'look at what the main page of the new release answers' },
    )
  } finally {
    context.waited('boot', `${name} healthy`, clock.now() - started)
  }
}

/** Waits until no more than so many instances are left. */
export async function awaitInstancesGone(
  context: ActionContext,
  name: FleetName,
  left: number,
): Promise<void> {
  const started = context.clock.now()
  while ((await ownInstances(context, name)).length > left)
    await context.clock.sleep(LOOK_INTERVAL, context.signal)
  context.waited('termination', `${name} terminated`, context.clock.now() - started)
}

/** Nothing is left recorded of a fleet of the user's own that is what it was. */
export async function setInstanceRoles(
  context: ActionContext,
  roles: Readonly<Record<FleetName, FleetRole>>,
): Promise<void> {
  const records: Record<FleetName, FleetRecord> = {}
  const plain: FleetName[] = []
  for (const [name, role] of Object.entries(roles)) {
    const fleet = fleetNamed(context, name)
    const known = { ...(await recorded(context, fleet)), role }
    if (!fleet.owned && role === 'stable' && !known.former) plain.push(name)
    else records[name] = known
  }
  // Never two stable fleets, nor none: what is said of all of them is said at once.
  if (Object.keys(records).length > 0) await record(context, records)
  if (plain.length > 0) await forget(context, plain)
}

export async function setInstanceFormer(
  context: ActionContext,
  name: FleetName,
  former: Former | undefined,
): Promise<void> {
  const { former: _had, ...known } = await recorded(context, fleetNamed(context, name))
  await record(context, { [name]: { ...known, ...(former ? { former } : {}) } })
}

/** Removes launch template versions that this deployment made for a fleet that was never recorded. */
export async function clearInstanceRemains(context: ActionContext, name: FleetName): Promise<void> {
  const { Tags } = await templateOf(context.clients, context.observed.service, context.signal)
  if (!recordsIn(Tags).has(name)) await clearVersions(context, name)
}

/** Forgets a fleet that Sluice created and that has no instance any more, and its launch template version. */
export async function removeInstanceFleet(context: ActionContext, name: FleetName): Promise<void> {
  const fleet = fleetNamed(context, name)
  if (!fleet.owned)
    throw new SluiceError('internal', `fleet ${name} was not created by Sluice and is never removed by it`)
  await removeOwnVersion(context, fleet.launchTemplate)
  await forget(context, [name])
}
