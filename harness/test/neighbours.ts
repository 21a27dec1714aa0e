import { releasesOf } from '../checks/direct.ts'
import type { Cloud } from '../cloud.ts'
import type { SuiteContext } from '../gate.ts'
import { type Http, httpAt } from './http.ts'
import { Inconclusive } from './inconclusive.ts'

/** A service of the system over HTTP, by an instance that runs one version of it, past its load balancer. */
export interface Neighbour extends Http {
  readonly version: string
}

/** The services of the system, each in the version that this run of a contract is about; none elsewhere. */
export async function neighboursOf(
  cloud: Cloud,
  { mix = {}, neighbours = [] }: SuiteContext,
  signal?: AbortSignal,
): Promise<Readonly<Record<string, Neighbour>>> {
  const found = await Promise.all(
    Object.entries(mix).map(async ([service, version]) => {
      const url = await doorOf(cloud, neighbours, { service, version }, signal)
      return [service, { ...httpAt(cloud, url, signal), version }] as const
    }),
  )
  return Object.fromEntries(found)
}

async function doorOf(
  cloud: Cloud,
  neighbours: NonNullable<SuiteContext['neighbours']>,
  { service, version }: { readonly service: string; readonly version: string },
  signal?: AbortSignal,
): Promise<string> {
  const observed = neighbours.find((each) => each.service === service)
  const doors = await Promise.all(
    (observed?.fleets ?? []).map((fleet) => observed && releasesOf(cloud, observed, fleet, signal)),
  )
  const door = doors.flatMap((each) => each ?? []).find(({ release }) => release === version)
  if (door) return door.url
  throw new Inconclusive(`no healthy instance of ${service} runs ${version}`)
}
