import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { lacking, servingFleets } from './check.ts'
import { type Door, releasesOf, unlessLost } from './direct.ts'
import { DEFAULT_LIMIT, errorShare } from './error-share.ts'
import { type Findings, looking, wrong } from './finding.ts'
import { askEach, didAnswer, type Reply } from './offered.ts'
import { differenceFrom } from './page-shape.ts'
import type { RouteOptions } from './writes-readable.ts'

/** Where callers say which version they are of. */
const CALLER = 'x-caller-version'

const TIMES = 2

export interface NeighbourOptions extends RouteOptions {
  /** Path of the main page. */
  readonly path: string
  /** Versions of the callers there are while the service changes; a fleet's own is taken to be understood. */
  readonly callers: readonly string[]
}

/**
 * Whoever calls is answered alike: neighbours deployed with the service are of its new version, others still of the
 * old one. One healthy instance of each release is asked as each of them, and compared with itself asked by nobody.
 */
export async function neighboursUnderstood(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: NeighbourOptions,
): Promise<Findings> {
  const { signal } = options
  const subject = `${service.scope} ${CALLER}`
  const expected = 'callers of every version to be understood'
  const lacks = lacking(cloud, service, ['data-plane'], expected)
  if (lacks.length > 0) return lacks
  return looking({ subject, expected, signal }, async () => {
    const found = servingFleets(service).map(async (fleet) => {
      const doors = await releasesOf(cloud, service, fleet, signal)
      const findings = doors.map((door) => {
        const callers = options.callers.filter((caller) => caller !== door.release)
        return ofDoor(cloud, `${fleet.name} ${door.instanceId}`, door, { ...options, callers })
      })
      return unlessLost(cloud, service, doors, (await Promise.all(findings)).flat(), signal)
    })
    return (await Promise.all(found)).flat()
  })
}

async function ofDoor(
  cloud: Cloud,
  name: string,
  { url }: Door,
  { path, callers, limit = DEFAULT_LIMIT, signal }: NeighbourOptions,
): Promise<Findings> {
  const ask = (route: string, caller?: string): Promise<readonly Reply[]> => {
    const headers = caller === undefined ? {} : { [CALLER]: caller }
    return askEach(cloud, [{ name, url }], route, { headers, signal }, TIMES)
  }
  const found = routesOf(path).map(async (route) => {
    const [plain, ...asCallers] = await Promise.all([
      ask(route),
      ...callers.map(async (caller) => ({ caller, replies: await ask(route, caller) })),
    ])
    const model = plain.find(didAnswer)?.asked.answer
    const failed = errorShare(
      `${name} ${route}`,
      plain.map(({ asked }) => asked),
      limit,
    )
    if (!model) return failed
    const asOthers = asCallers.flatMap(({ caller, replies }) => {
      const subject = `${name} ${route} asked by ${caller}`
      const answers = replies.filter(didAnswer).flatMap(({ asked }) => asked.answer ?? [])
      const difference = answers.map((answer) => differenceFrom(model, answer)).find(Boolean)
      const errors = errorShare(
        subject,
        replies.map(({ asked }) => asked),
        limit,
      )
      if (difference === undefined) return errors
      const hint = `ask it with the header ${CALLER}: ${caller}`
      const expected = `callers of version ${caller} to be answered as any other`
      return [...errors, wrong({ subject, expected, seen: difference, hint })]
    })
    return [...failed, ...asOthers]
  })
  return (await Promise.all(found)).flat()
}

/** The main page, and what the sample service offers besides; a route that is not there answers so to everyone. */
const routesOf = (path: string): readonly string[] => [
  ...new Set([path, '/version', '/session', '/orders/none']),
]
