import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { ask, entryUrl } from './ask.ts'
import { type CheckOptions, lacking, servingFleets } from './check.ts'
import { type Findings, list, looking, unknown, wrong } from './finding.ts'

export interface StayOptions extends CheckOptions {
  /** Path of the main page. */
  readonly path: string
}

/** Clients, and what each asks after its first answer: one that is led at random stays by chance once in 16 at even weights. */
const CLIENTS = 3
const MORE = 4

/** Elastic Load Balancing, Sticky sessions: both are handed out, one for other origins. */
const COOKIES = ['AWSALBTG', 'AWSALBTGCORS']

/**
 * Where the listener is to keep clients on their fleet, one that shows its cookie gets the version that it got first:
 * nobody is led to and fro between two releases. A listener without stickiness, or one fleet alone, keeps no promise.
 */
export async function clientsStay(
  cloud: Cloud,
  service: ServiceSnapshot,
  { path, signal }: StayOptions,
): Promise<Findings> {
  const fleets = servingFleets(service)
  // What is kept is the fleet: where one runs two releases, its clients may meet both.
  const { entry } = service
  if (
    entry.via !== 'listener' ||
    entry.stickiness === 0 ||
    fleets.length < 2 ||
    fleets.some(({ mixed }) => mixed)
  )
    return []
  const expected = 'clients to stay with the release that answered them first'
  const lacks = lacking(cloud, service, ['data-plane'], expected)
  if (lacks.length > 0) return lacks
  const subject = entryUrl(service)
  const hint = 'look at the stickiness of the target groups in the forward action of the listener'
  return looking({ subject, expected, signal }, async () => {
    const clients = Array.from({ length: CLIENTS }, () => versionsOf(cloud, subject + path, signal))
    return (await Promise.all(clients)).flatMap((versions) => {
      if (new Set(versions).size > 1)
        return wrong({ subject, expected, seen: `one was led to ${list(versions)}`, hint })
      // Who was answered but once, or by nobody who says what he is, was led nowhere.
      return versions.length > 1 ? [] : unknown({ subject, expected, seen: 'too few answers to tell', hint })
    })
  })
}

/** What answers one client that keeps its cookies, request by request. */
async function versionsOf(
  cloud: Cloud,
  url: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const kept = new Map<string, string>()
  const versions: string[] = []
  for (let asked = 0; asked <= MORE; asked++) {
    const cookie = [...kept].map(([name, value]) => `${name}=${value}`).join('; ')
    const { headers, version } = await ask(cloud, url, {
      signal,
      ...(cookie === '' ? {} : { headers: { cookie } }),
    })
    if (version !== undefined) versions.push(version)
    for (const line of [headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (COOKIES.includes(name)) kept.set(name, value)
    }
  }
  return versions
}
