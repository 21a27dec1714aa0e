import type { Cloud } from '../cloud.ts'
import { releaseOn } from '../mix.ts'
import type { FleetSnapshot, ServiceSnapshot } from '../strategy.ts'
import { type Answer, type Asked, inLanes, tryAsk } from './ask.ts'
import { askOn, type Witness } from './ask-on.ts'
import { isMoreThan } from './binomial.ts'
import { type FleetOptions, fleetsOf, lacking, standingFleets } from './check.ts'
import { cannotBeReached, type Door, doorsOf, unlessLost } from './direct.ts'
import { DEFAULT_LIMIT, type ErrorLimit, errorShare, isError } from './error-share.ts'
import { type Findings, looking, unknown, waiting, wrong } from './finding.ts'
import { differenceFrom } from './page-shape.ts'

/** Requests over all instances, at least this many of each, unless told; at most so many at once. */
const REQUESTS = 24
const EACH = 3
const AT_ONCE = 8

/** Of the fleets that stand behind the entry, at weight 0 too, unless `fleets` names others. */
export interface AlikeOptions extends FleetOptions {
  readonly path: string
  /** Versions that may answer, by fleet; the instances of one not named may answer as what they run only. */
  readonly versions?: Readonly<Record<string, string>> | undefined
  /** The fleet whose page is right; the fleets are compared with themselves when not given. */
  readonly reference?: string | undefined
  readonly limit?: ErrorLimit | undefined
  /** Over all instances of a fleet; 24 when not given. */
  readonly requests?: number | undefined
  /** Of every instance; fewer do where the probe has asked all along. */
  readonly times?: number | undefined
  /** Headers of every request, such as tell one group of clients from the others. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/**
 * Every instance of these fleets, asked itself and not through the load balancer, answers as the version it shall be
 * with a main page of the same kind as the reference fleet's.
 */
export async function answersAlike(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: AlikeOptions,
): Promise<Findings> {
  const { signal, reference } = options
  const expected = 'every instance to answer with the main page'
  const lacks = lacking(cloud, service, ['data-plane'], expected)
  if (lacks.length > 0) return lacks
  return looking({ subject: service.scope, expected, signal }, async () => {
    const model = service.fleets.find((fleet) => fleet.name === reference)
    const [page, ...doors] = await Promise.all([
      model ? pageOf(cloud, service, model, options) : undefined,
      ...(options.fleets ? fleetsOf(service, options) : standingFleets(service)).map(async (fleet) => ({
        fleet,
        doors: await doorsOf(cloud, service, fleet, signal),
      })),
    ])
    const seen = await Promise.all(
      doors.map(({ fleet, doors }) => ofFleet(cloud, fleet, doors, page, options)),
    )
    const asked = doors.flatMap((each) => each.doors)
    const found = seen.flatMap((each) => each.findings)
    const findings = await unlessLost(cloud, service, asked, found, signal)
    const witnesses = seen.flatMap((each) => each.witness ?? [])
    const witness = witnesses.find(({ name }) => name === reference)
    if (findings.length > 0 || !witness) return findings
    const suspects = witnesses.filter((each) => each !== witness)
    const { limit = DEFAULT_LIMIT } = options
    return (await Promise.all(suspects.map((suspect) => askOn(suspect, witness, limit)))).flat()
  })
}

/** The reference's own page: the first one that is no error. */
async function pageOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleet: FleetSnapshot,
  { path, headers = {}, signal }: AlikeOptions,
): Promise<Answer | undefined> {
  for (const { url } of (await doorsOf(cloud, service, fleet, signal)).slice(0, 3)) {
    const asked = await tryAsk(cloud, url + path, { headers, signal })
    if (asked.answer && !isError(asked)) return asked.answer
  }
  return undefined
}

interface DoorAnswers {
  readonly door: Door
  readonly asked: readonly Asked[]
}

interface FleetSeen {
  readonly findings: Findings
  /** The fleet, to be asked on; absent where nobody is there to be asked. */
  readonly witness?: Witness
}

async function ofFleet(
  cloud: Cloud,
  fleet: FleetSnapshot,
  doors: readonly Door[],
  reference: Answer | undefined,
  options: AlikeOptions,
): Promise<FleetSeen> {
  const { path, limit = DEFAULT_LIMIT, headers = {}, signal } = options
  const [first] = doors
  if (!first) {
    const hint = 'look at the reason codes of DescribeTargetHealth'
    const expected = 'healthy instances to ask'
    return { findings: [waiting({ subject: fleet.name, expected, seen: 'none', hint })] }
  }
  const askAt = ({ url }: Door): Promise<Asked> => tryAsk(cloud, url + path, { headers, signal })
  const rounds = options.times ?? Math.max(EACH, Math.ceil((options.requests ?? REQUESTS) / doors.length))
  const byDoor = doors.map((door) => ({ door, asked: [] as Asked[] })) satisfies DoorAnswers[]
  const all: Asked[] = []
  const ask = async (i: number): Promise<void> => {
    // Each error may take as long as a client waits: once there are too many, no more is needed.
    const place = byDoor[i % doors.length]
    if (!place || isMoreThan(all.filter(isError).length, all.length, limit)) return
    const asked = await askAt(place.door)
    all.push(asked)
    place.asked.push(asked)
  }
  await inLanes(rounds * doors.length, AT_ONCE, ask)
  const model = reference ?? all.find((each) => !isError(each))?.answer
  const versionOf = ({ instanceId }: Door): string =>
    options.versions?.[fleet.name] ?? releaseOn(fleet, instanceId)
  const findings = [
    ...errorShare(`${fleet.name}, asked directly`, all, limit),
    ...byDoor.flatMap((each) => ofDoor(fleet, each, { model, version: versionOf(each.door), limit })),
  ]
  let turn = 0
  const next = (): Promise<Asked> => askAt(doors[turn++ % doors.length] ?? first)
  return { findings, witness: { name: fleet.name, asked: all, ask: next } }
}

interface Held {
  readonly model: Answer | undefined
  readonly version: string
  readonly limit: ErrorLimit
}

function ofDoor(fleet: FleetSnapshot, { door, asked }: DoorAnswers, held: Held): Findings {
  const subject = `${fleet.name} ${door.instanceId}`
  if (asked.length > 0 && asked.every(cannotBeReached)) {
    const hint = 'run where the instances can be reached, e.g. in their network'
    const seen = `${door.url} cannot be reached from here`
    return [unknown({ subject, expected: 'an answer of the instance itself', seen, hint })]
  }
  const pages = asked.flatMap((each) => (each.answer && !isError(each) ? each.answer : []))
  const other = held.version === 'unknown' ? undefined : pages.find((page) => page.version !== held.version)
  const model = held.model
  const difference =
    model && pages.map((page) => differenceFrom(model, page)).find((each) => each !== undefined)
  return [
    ...errorShare(subject, asked, held.limit),
    ...(other
      ? [
          wrong({
            subject,
            expected: `version ${held.version} in x-app-version`,
            seen: other.version ?? 'no such header',
            hint: 'the instance runs another release, or the release reports its version wrongly',
          }),
        ]
      : []),
    ...(difference === undefined
      ? []
      : [
          wrong({
            subject,
            expected: `a main page of the same kind as ${model?.version ?? 'the other fleet'} has`,
            seen: difference,
            hint: `ask it: ${door.url}`,
          }),
        ]),
  ]
}
