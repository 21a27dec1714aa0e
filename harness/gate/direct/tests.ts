import type { Check, CheckOptions } from '../../checks/check.ts'
import { checks } from '../../checks/index.ts'
import type { SuiteContext } from '../../gate.ts'
import type { FleetSnapshot, GatePhase, ServiceSnapshot } from '../../strategy.ts'
import { REPLACEMENT, TIMEOUT } from '../../test/configured.ts'

/** One check as a suite makes it. */
export interface Look {
  readonly check: Check
  readonly options: CheckOptions
  /** Cloud milliseconds that it is given to come right. */
  readonly timeout: number
}

/** One test of a built-in suite. */
export interface DirectTest {
  /** One after the other; the first that does not pass decides. */
  readonly looks: readonly Look[]
  /** Why it cannot be run without a socket. */
  readonly needsSockets?: string
}

type Tests = Readonly<Record<string, DirectTest>>
type Suite = (context: SuiteContext, service: ServiceSnapshot) => Tests

/**
 * The built-in suites as data: the same checks with the same options as in `suites/`, which Vitest runs in workers of its
 * own; those cannot share this process's clock. A test holds the two to the same tests.
 */
export const SUITES: Readonly<Record<Exclude<GatePhase, 'resilience'>, Readonly<Record<string, Suite>>>> = {
  'pre-deploy': { 'ground.suite.ts': ground, 'service.suite.ts': serviceBefore },
  shift: { 'answers.suite.ts': answersWhileShifting, 'fleets.suite.ts': fleetsWhileShifting },
  'post-deploy': { 'answers.suite.ts': answersAfter, 'service.suite.ts': serviceAfter },
}

function look<Options extends CheckOptions>(
  check: Check<Options>,
  options: Options,
  timeout = TIMEOUT,
): DirectTest {
  // The options fit their check; from here on they only travel together.
  return { looks: [{ check: check as unknown as Check, options, timeout }] }
}

const UDP = 'name servers are asked over UDP'
const TLS = 'certificates are shown over TLS'

const pageOf = ({ service, thresholds }: SuiteContext) => ({
  path: service.url,
  limit: thresholds.errorRate,
})

const namesOf = (service: ServiceSnapshot, role: FleetSnapshot['role']): string[] =>
  service.fleets.filter((fleet) => fleet.role === role).map(({ name }) => name)

function ground({ release }: SuiteContext, service: ServiceSnapshot): Tests {
  const { imageId, launchTemplateVersion } = release
  const version = launchTemplateVersion === undefined ? undefined : String(launchTemplateVersion)
  const [stable] = service.fleets
  const id = stable?.launchTemplate.id ?? ''
  const launchTemplate = version === undefined ? undefined : { id, version }
  return {
    'the load balancer is active and covers every zone of the service': look(checks.zones, {}),
    'security groups let the load balancer reach traffic and health-check ports': look(
      checks.securityGroups,
      {},
    ),
    'health checks can tell a working target from a broken one': look(checks.healthCheckSettings, {}),
    'there is room for a second fleet': look(checks.headroom, {}),
    'the account has room for a second fleet': look(checks.quotas, {}),
    'the account may run the vCPUs of a second fleet': look(checks.vcpuQuota, {}),
    'what is launched is to be had in every zone': look(checks.launchable, { launchTemplate }),
    'nobody has changed the service since its last deployment': look(checks.drift, {}),
    'its DNS names are delegated, and answers hold no longer than an hour': {
      ...look(checks.dnsSettings, {}),
      needsSockets: UDP,
    },
    'its certificates are valid for two weeks more': { ...look(checks.certificate, {}), needsSockets: TLS },
    'there is a way back: what serves now can be launched again': look(checks.revertible, {}),
    ...(imageId === undefined
      ? {}
      : { 'the image of the new release is available': look(checks.imageAvailable, { imageId }) }),
    ...(version === undefined
      ? {}
      : {
          'the launch template version of the new release is there': look(checks.revertible, {
            launchTemplates: [{ id, version }],
          }),
        }),
  }
}

function serviceBefore(context: SuiteContext, service: ServiceSnapshot): Tests {
  const { alarms: names = [] } = context.thresholds
  const shares = Object.fromEntries(namesOf(service, 'stable').map((name) => [name, 100]))
  return {
    'only the stable fleet gets traffic': look(checks.listenerWeights, { shares }),
    'every target is healthy': look(checks.targetHealth, {}, REPLACEMENT),
    'the stable fleet runs at its desired capacity': look(checks.fullCapacity, {}, REPLACEMENT),
    'no process of its group is suspended': look(checks.suspendedProcesses, {}),
    'nothing else is replacing its instances': look(checks.noRefresh, {}),
    ...(names.length > 0
      ? { 'the alarms that gates are judged by are quiet': look(checks.alarmsQuiet, { names }) }
      : {}),
    'every instance runs what its group records': look(checks.immutable, {}),
    'the main page answers, and well enough to compare with': look(checks.mainPage, {
      ...pageOf(context),
      requests: 24,
    }),
    'every instance answers as the release it is said to run': look(checks.answersAlike, pageOf(context)),
  }
}

/** Before users meet a release, it is asked so often that one error in twenty is hardly ever missed. */
const ASKED_FIRST = 72

/** Cloud milliseconds in which an instance boots and is told to end. */
const BOOT = 360_000

function answersWhileShifting(context: SuiteContext, service: ServiceSnapshot): Tests {
  const { stage, traffic, release, baseline, clients = [] } = context
  const page = pageOf(context)
  const { mixes, route } = stage ?? {}
  const [reference] = namesOf(service, 'stable')
  const first = stage?.index === 0 && context.look === 'opening'
  const requests = first ? ASKED_FIRST : undefined
  const forClients = clients.map(({ header }) => {
    const who = Object.entries(header).map((pair) => pair.join(': '))
    const alike = look(checks.answersAlike, { ...page, headers: header })
    return [`clients with ${who.join(', ')} are served as others are`, alike] as const
  })
  const { header: headers, listener } = stage?.test ?? {}
  const how = headers ? 'requests with the test header' : `the test listener on port ${listener}`
  const tested = { ...page, headers, listener, version: release.version, requests: 24 }
  const runsIt = (fleet: FleetSnapshot): boolean =>
    fleet.role === 'candidate' || fleet.mixed !== undefined || fleet.release === release.version
  const fleets = service.fleets.filter(runsIt).map(({ name }) => name)
  return {
    'instances asked directly serve their own version and the main page that stable serves': look(
      checks.answersAlike,
      { ...page, reference, requests },
    ),
    ...Object.fromEntries(forClients),
    ...(stage?.test
      ? { [`${how} reach the new release, and nothing else`]: look(checks.servedVersion, tested) }
      : {}),
    // What was seen does not change by looking again; the next look of the gate sees more.
    'versions served split as the weights say': look(
      checks.trafficSplit,
      { ...page, mixes, route, shares: stage?.shares ?? service.shares, traffic },
      0,
    ),
    'by the count of the load balancer, requests to the candidate fail no more often than others': look(
      checks.requestsAnswered,
      { ...page, since: context.since },
    ),
    'requests that take their time are answered': look(checks.slowRequest, page),
    'clients that the listener is to keep stay with their release': look(checks.clientsStay, page, 0),
    'a session opened by one release is known to the other': look(checks.sessionKept, page),
    'neighbours of the old and of the new version are understood': look(checks.neighboursUnderstood, {
      ...page,
      callers: [baseline.version, release.version],
    }),
    ...(first
      ? {
          'an instance that is told to end answers what is under way, then serves nobody': look(
            checks.shutsDown,
            { path: page.path, fleets },
            BOOT,
          ),
        }
      : {}),
    'an order taken by one release can be read through the other': look(checks.writesReadable, page),
  }
}

/** What Sluice itself suspends while it counts on a fleet's size, and on what its instances run. */
const HELD = ['AlarmNotification', 'ScheduledActions']

function fleetsWhileShifting({ before, stage }: SuiteContext, service: ServiceSnapshot): Tests {
  const { mixes } = stage ?? {}
  const capacity = before?.fleets.find(({ role }) => role === 'stable')?.desiredCapacity
  const held = [...HELD, ...(mixes ? ['AZRebalance'] : [])]
  const allowed = [...held, ...(before?.fleets.flatMap((fleet) => fleet.suspendedProcesses) ?? [])]
  return {
    'the listener has the weights of this stage': look(checks.listenerWeights, {
      shares: stage?.shares ?? service.shares,
    }),
    'every target that gets traffic is healthy': look(checks.targetHealth, {}, REPLACEMENT),
    'every fleet that gets traffic runs at its desired capacity': look(checks.fullCapacity, {}, REPLACEMENT),
    ...(stage?.downtime
      ? {}
      : {
          'the stable fleet still has its whole capacity, so the way back is one call': look(
            checks.fullCapacity,
            { fleets: namesOf(service, 'stable'), capacity },
            REPLACEMENT,
          ),
        }),
    'no instance of the candidate was replaced because it had fallen ill': look(checks.instancesKept, {
      fleets: namesOf(service, 'candidate'),
    }),
    'every instance runs what its group records, or what replaces it': look(checks.immutable, {
      mixed: Object.keys(mixes ?? {}),
    }),
    ...(mixes
      ? {
          'fleets that are replaced in place have come as far as this stage says': look(checks.fleetMix, {
            mixes,
          }),
        }
      : {}),
    'groups can launch, register and replace': look(checks.suspendedProcesses, { allowed }),
  }
}

/** Where the probe has asked all along, once at every place is enough. */
const once = (context: SuiteContext) => ({ ...pageOf(context), ...(context.traffic ? { times: 1 } : {}) })

function answersAfter(context: SuiteContext, service: ServiceSnapshot): Tests {
  const { traffic, release } = context
  const page = pageOf(context)
  const { version } = release
  const served = (requests: number) => look(checks.servedVersion, { ...page, version, requests })
  const split = look(checks.trafficSplit, { ...page, shares: service.shares, traffic }, 0)
  return {
    'only the new version is served': traffic ? { looks: [...split.looks, ...served(4).looks] } : served(50),
    'every instance asked directly serves the main page': look(checks.answersAlike, once(context)),
    'requests that take their time are answered': look(checks.slowRequest, once(context)),
  }
}

function serviceAfter(context: SuiteContext): Tests {
  const { before, release } = context
  const models = before?.fleets.filter(({ role }) => role === 'stable')
  return {
    'every instance runs the recorded image and launch template version': look(checks.immutable, {}),
    'as many instances serve as are desired': look(checks.fullCapacity, {}, REPLACEMENT),
    'every target is healthy': look(checks.targetHealth, {}, REPLACEMENT),
    'instances are spread evenly over the zones': look(checks.zoneBalance, {}),
    'fleets that served before are parked at 0 and drained': look(checks.drained, {}),
    'no target group is left over with targets': look(checks.orphans, {}),
    'there is a way back': look(checks.revertible, {
      launchTemplates: models?.map((fleet) => fleet.launchTemplate),
    }),
    ...(before
      ? { 'sizes and suspended processes are as before': look(checks.restored, { before }) }
      : { 'no process is suspended': look(checks.suspendedProcesses, {}) }),
    'its DNS names resolve and are answered by the new version': look(checks.dnsRecord, {
      ...pageOf(context),
      version: release.version,
    }),
    'orders that were taken can be read': look(checks.writesReadable, once(context)),
  }
}
