import { type Activity, DescribeScalingActivitiesCommand } from '@aws-sdk/client-auto-scaling'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import type { GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { count, type Findings, looking, unknown, wrong } from './finding.ts'

/**
 * Cloud milliseconds after which an instance counts as one that lasts, however long one had lived that was lost with its
 * machine. Software that fails its health checks may do so at any age: then only one that is older proves anything.
 */
const LASTING = 300_000

/** Pages of 100 activities that are read at most: what happened before is not this deployment's. */
const PAGES = 5

/**
 * No instance of these fleets was replaced because it had fallen ill since the fleet grew from nothing. One loss may
 * be chance, if another instance has outlived the lost one; two are the release's doing.
 */
export async function instancesKept(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const { signal } = options
  const found = groupsIn(service, options).map((fleet) =>
    looking({ subject: fleet.autoScalingGroupName, expected: EXPECTED, signal }, async () =>
      judge(fleet, lastLives(await activitiesOf(cloud, service, fleet, signal)), cloud.clock.now()),
    ),
  )
  return (await Promise.all(found)).flat()
}

const EXPECTED = 'no instance replaced because it had fallen ill'

/** One instance's time in its group; the cause is there when Auto Scaling itself found it ill. */
interface Life {
  readonly instanceId: string
  readonly from: number
  readonly to?: number
  readonly illness?: string
}

function judge(fleet: GroupFleet, lives: readonly Life[], now: number): Findings {
  const lost = lives.filter((life) => life.illness !== undefined)
  const [first] = lost
  if (!first) return []
  const seen = `${count(lost.length, 'instance')} replaced: ${lost.map((life) => `${life.instanceId} ${inWords(life)}`).join('; ')}`
  const hint = `look at the scaling activities of ${fleet.autoScalingGroupName}`
  const finding = { subject: fleet.autoScalingGroupName, expected: EXPECTED, seen, hint }
  if (lost.length > 1) return [wrong(finding)]
  const withMachine = first.illness?.startsWith('EC2') ?? false
  const needed = Math.min(lived(first, now), withMachine ? LASTING : Number.POSITIVE_INFINITY)
  const outlived = lives.some((life) => life.illness === undefined && lived(life, now) >= needed)
  return outlived ? [] : [unknown({ ...finding, seen: `${seen}; none has lived as long yet` })]
}

const lived = ({ from, to }: Life, now: number): number => (to ?? now) - from

const inWords = (life: Life): string =>
  `after ${Math.round(lived(life, life.from) / 1000)} s (${life.illness})`

/** Newest first, as the API gives them. */
async function activitiesOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleet: GroupFleet,
  signal: AbortSignal | undefined,
): Promise<readonly Activity[]> {
  const all: Activity[] = []
  const { autoScaling } = cloud.region(service.region)
  let token: string | undefined
  for (let page = 0; page < PAGES; page++) {
    const { Activities: activities = [], NextToken: next } = await autoScaling.send(
      new DescribeScalingActivitiesCommand({
        AutoScalingGroupName: fleet.autoScalingGroupName,
        MaxRecords: 100,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
      abortable(signal),
    )
    all.push(...activities)
    token = next
    if (next === undefined) break
  }
  return all
}

/**
 * The instances since the group last grew from nothing, as its activities tell ("Verify a scaling activity", EC2 Auto
 * Scaling user guide): descriptions name the instance, causes say why.
 */
function lastLives(newestFirst: readonly Activity[]): readonly Life[] {
  let lives = new Map<string, Life>()
  let parked = false
  for (const { Description: what = '', Cause: cause = '', StartTime: at } of newestFirst.toReversed()) {
    const instanceId = /\bi-[0-9a-z]+/.exec(what)?.[0]
    if (instanceId === undefined || at === undefined) continue
    if (/^(Launching|Attaching)/.test(what)) {
      // A fleet that was parked has a new life: what became of its old instances was another deployment's.
      if (parked) lives = new Map()
      parked = false
      lives.set(instanceId, { instanceId, from: at.getTime() })
      continue
    }
    const life = lives.get(instanceId)
    if (!life || !/^(Terminating|Detaching)/.test(what)) continue
    const illness = ILLNESS.exec(cause)?.[1]
    lives.set(instanceId, { ...life, to: at.getTime(), ...(illness === undefined ? {} : { illness }) })
    parked = illness === undefined && [...lives.values()].every(({ to }) => to !== undefined)
  }
  return [...lives.values()]
}

/** As causes name it, e.g. `… taken out of service in response to an ELB system health check failure.` */
const ILLNESS = /in response to an? ((?:ELB|EC2)[^.]*(?:health check|status checks?)[^.]*)/
