import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { askMany, entryUrl, tryAsk } from './ask.ts'
import { type CheckOptions, lacking } from './check.ts'
import { leadingNames } from './dns-names.ts'
import { DEFAULT_LIMIT, type ErrorLimit, errorShare } from './error-share.ts'
import { type Findings, looking, waiting } from './finding.ts'
import { versionsIn } from './main-page.ts'

const REQUESTS = 4
const AT_ONCE = 4

export interface DnsOptions extends CheckOptions {
  readonly path: string
  /** The one version that may answer; any when not given. */
  readonly version?: string | undefined
  readonly limit?: ErrorLimit | undefined
}

/**
 * Every DNS name that Route 53 points at the load balancer resolves and is answered by the service. A service without
 * a record is not held to it.
 */
export async function dnsRecord(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: DnsOptions,
): Promise<Findings> {
  const { signal } = options
  const subject = service.entry.dnsName
  const expected = 'the names of the service to resolve to it'
  return looking({ subject, expected, signal }, async () => {
    const names = [...new Set((await leadingNames(cloud, service, signal)).map(({ name }) => name))]
    if (names.length === 0) return []
    const lacks = lacking(cloud, service, ['dns', 'data-plane'], expected)
    if (lacks.length > 0) return lacks
    return (await Promise.all(names.map((name) => resolves(cloud, service, name, options)))).flat()
  })
}

async function resolves(
  cloud: Cloud,
  service: ServiceSnapshot,
  name: string,
  { path, version, signal, limit = DEFAULT_LIMIT }: DnsOptions,
): Promise<Findings> {
  const url = entryUrl({ ...service, entry: { ...service.entry, dnsName: name } })
  const asked = await askMany(REQUESTS, AT_ONCE, () => tryAsk(cloud, url + path, { signal }))
  const versions = [...versionsIn(asked).keys()]
  const hint = `look at the record set of ${name}, and at GetChange: a change takes effect when it is INSYNC`
  if (version === undefined || versions.every((each) => each === version))
    return errorShare(name, asked, limit)
  return [waiting({ subject: name, expected: `version ${version}`, seen: versions.join(', '), hint })]
}
