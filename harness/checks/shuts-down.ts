import { type Instance, RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import { deadline } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import { SluiceError } from '../errors.ts'
import type { GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { type Asked, askMany, tryAsk } from './ask.ts'
import { type FleetOptions, groupsIn, lacking } from './check.ts'
import { groupsOf, instancesOf, targetGroupsOf } from './describe.ts'
import { isError } from './error-share.ts'
import { count, type Findings, looking, wrong } from './finding.ts'

export interface ShutdownOptions extends FleetOptions {
  /** Path of the main page. */
  readonly path: string
}

/** Cloud milliseconds until an instance launched for this must answer, and between looks. */
const BOOT = 300_000
const LOOK = 2_000
/** Wall milliseconds between looks at least. */
const LOOK_WALL = 10

/** Wall milliseconds that the request under way takes, and of them those before the instance is told to end. */
const SLOW = 250
const UNDER_WAY = 50
/** How many are under way: one that fails is noise. */
const REQUESTS = 3

/**
 * An instance that is told to end lets the request under way end, and then serves nobody. Shown on an instance of
 * its own, launched from the fleet's launch template version and registered nowhere: no user meets it, and the
 * capacity of the fleets stays what it is. It is gone when the check is over.
 */
export async function shutsDown(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: ShutdownOptions,
): Promise<Findings> {
  const { signal } = options
  const expected = 'an instance that ends in order'
  const lacks = lacking(cloud, service, ['data-plane'], expected)
  if (lacks.length > 0) return lacks
  const found = groupsIn(service, options).map((fleet) =>
    looking({ subject: fleet.name, expected, signal }, async () => {
      await using trial = await launchTrial(cloud, service, fleet, signal)
      const url = await untilHealthy(cloud, service, fleet, { ...options, instanceId: trial.instanceId })
      if (url !== undefined) return await endTrial(cloud, fleet, { ...trial, url, options })
      const seen = `${trial.instanceId} passed no health check within ${BOOT / 1000} s`
      const hint = 'look at the console output of such an instance'
      return [wrong({ subject: fleet.name, expected: 'a trial instance to become healthy', seen, hint })]
    }),
  )
  return (await Promise.all(found)).flat()
}

/** What a fleet runs that its group does not record yet, where it is being replaced; else what the group records. */
const newestIn = ({ mixed = [], launchTemplate: { version } }: GroupFleet): string =>
  mixed.find((part) => part.launchTemplateVersion !== version)?.launchTemplateVersion ?? version

interface Trial extends AsyncDisposable {
  readonly instanceId: string
  /** Tells it to end. */
  end(): Promise<void>
}

async function launchTrial(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleet: GroupFleet,
  signal: AbortSignal | undefined,
): Promise<Trial> {
  const { ec2 } = cloud.region(service.region)
  const group = (await groupsOf(cloud, service, [fleet], signal)).get(fleet.autoScalingGroupName)
  const subnet = group?.VPCZoneIdentifier?.split(',')[0]?.trim()
  const zone = group?.AvailabilityZones?.[0]
  const { id } = fleet.launchTemplate
  const version = newestIn(fleet)
  const { Instances: [made] = [] } = await ec2.send(
    new RunInstancesCommand({
      LaunchTemplate: { LaunchTemplateId: id, Version: version },
      MinCount: 1,
      MaxCount: 1,
      ...(subnet ? { SubnetId: subnet } : zone ? { Placement: { AvailabilityZone: zone } } : {}),
      TagSpecifications: [
        { ResourceType: 'instance', Tags: [{ Key: 'Name', Value: `${fleet.name} shutdown trial` }] },
      ],
    }),
    abortable(signal),
  )
  const instanceId = made?.InstanceId
  if (instanceId === undefined) throw new SluiceError('cloud', 'EC2 launched an instance without an id')
  let ended = false
  const end = async (): Promise<void> => {
    if (ended) return
    ended = true
    // Without the check's signal: an instance that nobody waits for any more must end all the same.
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] }))
  }
  return { instanceId, end, [Symbol.asyncDispose]: end }
}

/** Its own URL, once it passes the health check of the fleet; undefined when it does not in time. */
async function untilHealthy(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleet: GroupFleet,
  { instanceId, path, signal }: ShutdownOptions & { readonly instanceId: string },
): Promise<string | undefined> {
  const [group] = await targetGroupsOf(cloud, service, [fleet], signal)
  const late = (): Error => new SluiceError('timeout', `${instanceId} did not become healthy in time`)
  using limit = deadline(cloud.clock, BOOT, late, signal)
  let address: Instance['PrivateIpAddress']
  while (!limit.signal.aborted) {
    address ??= (await instancesOf(cloud, service, [instanceId], signal))[0]?.PrivateIpAddress
    const url = address && `http://${address}:${group?.Port ?? 80}`
    if (url && !isError(await tryAsk(cloud, url + (group?.HealthCheckPath ?? path), { signal }))) return url
    await Promise.all([
      cloud.clock.sleep(LOOK, limit.signal),
      cloud.clock.wall.sleep(LOOK_WALL, limit.signal),
    ]).catch(() => undefined) // Looked at above.
  }
  signal?.throwIfAborted()
  return undefined
}

interface Served extends Trial {
  readonly url: string
  readonly options: ShutdownOptions
}

async function endTrial(
  cloud: Cloud,
  fleet: GroupFleet,
  { instanceId, url, options, end }: Served,
): Promise<Findings> {
  const { path, signal } = options
  const subject = `${fleet.name} ${instanceId}`
  const { wall } = cloud.clock
  const page = () => tryAsk(cloud, url + path, { signal })
  // One connection for each request under way, and one more: whoever goes on serving does so on that one too.
  const before = await askMany(REQUESTS + 1, REQUESTS + 1, page)
  if (before.some(isError)) return [] // Whoever does not answer at all is another check's.
  const over = wall.sleep(SLOW, signal)
  const underWay = askMany(REQUESTS, REQUESTS, () => tryAsk(cloud, `${url}/slow?ms=${SLOW}`, { signal }))
  await Promise.all([wall.sleep(UNDER_WAY, signal), page()])
  await end()
  const [asked] = await Promise.all([underWay, over])
  return [...wereCut(subject, asked), ...(await stillServes(subject, page))]
}

/** A service without such a route answers at once that there is none: then nothing was under way to be cut. */
function wereCut(subject: string, asked: readonly Asked[]): Findings {
  const cut = asked.flatMap(({ error }) => (error && !isRefused(error) ? error : []))
  if (cut.length < 2) return []
  return [
    wrong({
      subject,
      expected: 'requests under way to be answered when their instance is told to end',
      seen: `${cut.length} of ${count(asked.length, 'request')} ended with ${cut[0]?.message}`,
      hint: 'on SIGTERM take no new request, answer those under way, then exit',
    }),
  ]
}

/** Then it was never under way. */
const isRefused = (error: Error): boolean => 'code' in error && error.code === 'ECONNREFUSED'

/**
 * A connection that stands may bring one more answer, its last. So it is asked more often than there are connections:
 * one request at least needs a new one, and whoever answers that has not ended.
 */
async function stillServes(subject: string, page: () => Promise<Asked>): Promise<Findings> {
  const asked: Asked[] = []
  for (let i = 0; i < REQUESTS + 3; i++) asked.push(await page())
  const last = asked.every(({ answer }) => answer) ? asked.at(-1)?.answer : undefined
  if (!last) return []
  return [
    wrong({
      subject,
      expected: 'an instance that was told to end to serve nobody any more',
      seen: `it answered ${last.status} ${SLOW - UNDER_WAY} ms later`,
      hint: 'on SIGTERM take no new request: until it is killed, what it is doing then will be cut',
    }),
  ]
}
