import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type Asked, entryUrl, type Question, tryAsk } from './ask.ts'
import { type CheckOptions, standingFleets } from './check.ts'
import { releasesOf } from './direct.ts'
import { isError } from './error-share.ts'

/** A place where the service can be asked: its entry, or one instance of a fleet. */
export interface Place {
  readonly name: string
  readonly url: string
}

/**
 * The entry, and one healthy instance of each release of each fleet that stands behind it: what one of them does, all
 * must do.
 */
export async function placesOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  { signal }: CheckOptions,
): Promise<readonly Place[]> {
  const doors = standingFleets(service).map(async (fleet): Promise<readonly Place[]> => {
    const found = await releasesOf(cloud, service, fleet, signal)
    return found.map(({ instanceId, url }) => ({ name: `${fleet.name} ${instanceId}`, url }))
  })
  return [{ name: 'the entry', url: entryUrl(service) }, ...(await Promise.all(doors)).flat()]
}

export interface Reply extends Place {
  readonly asked: Asked
}

/** Asks the same at every place, at each `times`. */
export async function askEach(
  cloud: Cloud,
  places: readonly Place[],
  path: string,
  question: Question,
  times = 1,
): Promise<readonly Reply[]> {
  const all = places.flatMap((place) => Array.from({ length: times }, () => place))
  return Promise.all(
    all.map(async (place) => ({ ...place, asked: await tryAsk(cloud, place.url + path, question) })),
  )
}

/** Whether a reply says that there is no such route, or no such method on it. */
export const isNotOffered = ({ asked: { answer } }: Reply): boolean =>
  answer !== undefined && [401, 404, 405, 501].includes(answer.status)

export const didAnswer = (reply: Reply): boolean => !isError(reply.asked)
