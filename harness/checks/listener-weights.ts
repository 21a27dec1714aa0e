import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import type { CheckOptions } from './check.ts'
import { weightsOf } from './describe.ts'
import { type Findings, looking, waiting, wrong } from './finding.ts'

export interface SharesOptions extends CheckOptions {
  /** Weights by fleet; a fleet not named gets nothing. Relative, as AWS reads them. */
  readonly shares: Readonly<Record<string, number>>
}

/** The weights of the listener, or of the name's records, read back, give each fleet its share, and nothing to a target group of no fleet. */
export async function listenerWeights(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: SharesOptions,
): Promise<Findings> {
  const { entry } = service
  const subject = entry.via === 'dns' ? entry.dnsName : entry.listenerArn
  const { shares, signal } = options
  const expected = `weights ${written(shares)}`
  return looking({ subject, expected, signal }, async () => {
    const hint = HINTS[entry.via]
    const seen = await weightsOf(cloud, service, signal)
    if (!seen) return [wrong({ subject, expected, seen: 'the listener does not forward there', hint })]
    if (sameShares(shares, seen)) return []
    return [waiting({ subject, expected, seen: `weights ${written(seen)}`, hint })]
  })
}

const HINTS = {
  listener: 'something else changed the listener: look at its actions, and at who called ModifyListener',
  registration:
    'something else attached or detached a group: look at who called AttachTrafficSources and DetachTrafficSources',
  dns: 'something else changed the records: look at who called ChangeResourceRecordSets',
}

function sameShares(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const total = (shares: Readonly<Record<string, number>>): number =>
    Object.values(shares).reduce((sum, share) => sum + share, 0)
  const [sumA, sumB] = [total(a), total(b)]
  if (sumA === 0 || sumB === 0) return sumA === sumB
  // Cross-multiplied, so that equal shares stay equal in integers.
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every(
    (name) => (a[name] ?? 0) * sumB === (b[name] ?? 0) * sumA,
  )
}

export const written = (shares: Readonly<Record<string, number>>): string =>
  Object.entries(shares)
    .map(([name, share]) => `${name} ${share}`)
    .join(', ') || 'none'
