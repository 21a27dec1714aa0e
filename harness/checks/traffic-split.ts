import type { Cloud } from '../cloud.ts'
import type { StageRef, TrafficWindow } from '../gate.ts'
import { sharesByVersion } from '../mix.ts'
import { headersOf, sharesAsked } from '../route.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { askMany, entryUrl, tryAsk } from './ask.ts'
import { atLeast, atMost } from './binomial.ts'
import { lacking } from './check.ts'
import { count, type Findings, looking, unknown, wrong } from './finding.ts'
import { type SharesOptions, written } from './listener-weights.ts'
import { versionsIn } from './main-page.ts'

/**
 * How improbable a split must be, on either side, to be doubted and to be called wrong. A deployment looks many times:
 * at 99.9 % alone one good deployment in a hundred would be reverted, so beyond that the watch goes on (inconclusive),
 * and only what chance shows once in a million looks is a fact.
 */
const DOUBTED = 0.0005
const WRONG = 0.000_000_5

/** Requests sent when no probe watched. */
const REQUESTS = 60
const AT_ONCE = 8

export interface SplitOptions extends SharesOptions {
  readonly path: string
  /** What a probe saw at these shares; requests are sent when not given. */
  readonly traffic?: TrafficWindow | undefined
  /** Fleets that run two releases at these shares. */
  readonly mixes?: StageRef['mixes'] | undefined
  /** Clients as whom half of the requests were sent, or are. */
  readonly route?: StageRef['route'] | undefined
}

/** The versions that answered split as the shares say, as far as chance allows; a share of 0 gets nothing at all. */
export async function trafficSplit(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: SplitOptions,
): Promise<Findings> {
  const subject = entryUrl(service)
  const { path, shares, traffic, route, signal } = options
  const as = (index: number): Readonly<Record<string, string>> =>
    route && index % 2 === 0 ? headersOf(route) : {}
  const expected = `versions to split as ${written(shares)}`
  const lacks = lacking(cloud, service, ['data-plane'], expected)
  if (lacks.length > 0) return lacks
  return looking({ subject, expected, signal }, async () => {
    const answered = traffic
      ? versionsOf(traffic, service)
      : versionsIn(
          await askMany(REQUESTS, AT_ONCE, (index) =>
            tryAsk(cloud, subject + path, { signal, headers: as(index) }),
          ),
        )
    // What no version answered may have been meant for any of them.
    const lost = traffic ? lostIn(traffic) : 0
    return judgeSplit(subject, expectedShares(service, options), answered, lost)
  })
}

function versionsOf(traffic: TrafficWindow, { entry }: ServiceSnapshot): ReadonlyMap<string, number> {
  const versions = new Map<string, number>()
  for (const { version, lane, n } of traffic.counts) {
    // Who is held to a fleet by a cookie, or to an address by an answer, says nothing of the weights.
    if (entry.via === 'dns' ? lane !== 'fresh' : lane === 'sticky' || lane === 'dns') continue
    if (version !== '') versions.set(version, (versions.get(version) ?? 0) + n)
  }
  return versions
}

const lostIn = (traffic: TrafficWindow): number =>
  traffic.counts.reduce((sum, each) => sum + (each.version === '' ? each.n : 0), 0)

/** Two fleets of one release are told apart by nothing, so they count together; one that runs two counts as both. */
function expectedShares(
  { fleets }: ServiceSnapshot,
  { shares, mixes, route }: SplitOptions,
): Map<string, number> {
  const releaseOf = (name: string): string => fleets.find((fleet) => fleet.name === name)?.release ?? name
  const without = fleets.map((fleet) => [fleet.release, 0] as const)
  return new Map([
    ...without,
    ...Object.entries(sharesByVersion(sharesAsked(shares, route), releaseOf, mixes)),
  ])
}

/** Pure: shares of 1 by version, answers by version, and requests that no version answered. */
export function judgeSplit(
  subject: string,
  shares: ReadonlyMap<string, number>,
  answered: ReadonlyMap<string, number>,
  lost: number,
): Findings {
  const known = [...shares.keys()].reduce((sum, version) => sum + (answered.get(version) ?? 0), 0)
  return [...shares].flatMap(([version, share]) => {
    const seen = answered.get(version) ?? 0
    // The most favourable assignment of what was lost: no verdict from what was not seen.
    const tooMany = atLeast(seen, known + lost, share)
    const tooFew = atMost(seen + lost, known + lost, share)
    const chance = Math.min(tooMany, tooFew)
    if (share > 0 && chance >= DOUBTED) return []
    if (share === 0 && seen === 0) return []
    const what = {
      subject,
      expected: `${(share * 100).toFixed(1)} % answered by ${version}`,
      seen: `${seen} of ${count(known, 'answer')}${lost > 0 ? ` (${lost} more had none)` : ''}`,
      hint: 'the API may have the weights and the data plane not: ask again, then look at the listener and its rules',
    }
    return share === 0 || chance < WRONG ? wrong(what) : unknown(what)
  })
}
