import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type Asked, askMany, entryUrl, tryAsk } from './ask.ts'
import { type CheckOptions, lacking } from './check.ts'
import { DEFAULT_LIMIT, type ErrorLimit, errorShare } from './error-share.ts'
import { type Findings, looking, wrong } from './finding.ts'

const AT_ONCE = 8

export interface PageOptions extends CheckOptions {
  /** Path of the main page. */
  readonly path: string
  readonly requests?: number | undefined
  readonly limit?: ErrorLimit | undefined
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Port of the load balancer; that of the service's entry when absent. */
  readonly listener?: number | undefined
}

/** The main page, asked for as users do, answers; and is as good as its error limit demands. */
export async function mainPage(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: PageOptions,
): Promise<Findings> {
  return overEntry(cloud, service, options, (url, asked) => refused(url, asked))
}

export interface VersionOptions extends PageOptions {
  /** The one version that may answer. */
  readonly version: string
}

/** Behind the load balancer only this version answers. */
export async function servedVersion(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: VersionOptions,
): Promise<Findings> {
  return overEntry(cloud, service, options, (url, asked) => [
    ...refused(url, asked),
    ...otherVersions(url, asked, options.version),
  ])
}

async function overEntry(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: PageOptions,
  judge: (url: string, asked: readonly Asked[]) => Findings,
): Promise<Findings> {
  const { path, requests = 12, limit = DEFAULT_LIMIT, headers = {}, listener, signal } = options
  const url = entryUrl(service, listener) + path
  const lacks = lacking(cloud, service, ['data-plane'], `${url} to answer`)
  if (lacks.length > 0) return lacks
  return looking({ subject: url, expected: 'an answer', signal }, async () => {
    const asked = await askMany(requests, AT_ONCE, () => tryAsk(cloud, url, { headers, signal }))
    return [...errorShare(url, asked, limit), ...judge(url, asked)]
  })
}

/** A client error on the main page is no noise: the page is not there. */
function refused(url: string, asked: readonly Asked[]): Findings {
  const odd = asked.find(({ answer }) => answer && answer.status >= 400 && answer.status < 500)
  if (!odd?.answer) return []
  const hint = 'see that service.url in the config names the main page'
  return [wrong({ subject: url, expected: 'the main page', seen: `status ${odd.answer.status}`, hint })]
}

/** Counts by the version that answered; what no target answered counts for none. */
export function versionsIn(asked: readonly Asked[]): ReadonlyMap<string, number> {
  const versions = new Map<string, number>()
  for (const { answer } of asked) {
    if (!answer || (answer.version === undefined && answer.status >= 500)) continue
    const version = answer.version ?? 'no version'
    versions.set(version, (versions.get(version) ?? 0) + 1)
  }
  return versions
}

function otherVersions(url: string, asked: readonly Asked[], version: string): Findings {
  const versions = versionsIn(asked)
  if ([...versions.keys()].every((each) => each === version)) return []
  const seen = [...versions].map(([each, n]) => `${each} ${n} times`).join(', ')
  const hint = 'an instance of another release still serves, or the service reports its version wrongly'
  return [wrong({ subject: url, expected: `only version ${version} in x-app-version`, seen, hint })]
}
