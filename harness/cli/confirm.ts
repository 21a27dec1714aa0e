import type { CloudAddress } from '../cloud.ts'
import type { SiteSpec } from '../config-sites.ts'
import { describeEntry } from '../entry.ts'
import { SluiceError } from '../errors.ts'
import type { ServiceRef } from '../gate.ts'
import type { Invocation } from './main.ts'

/**
 * On a live account says what is about to be done and where, and goes on only when told to: by a person on a terminal,
 * elsewhere by `--yes`. On every other cloud nothing real is at stake. `deed` reads on from "about to".
 */
export async function confirm(
  { flags, env, output, interrupt }: Pick<Invocation, 'flags' | 'env' | 'output' | 'interrupt'>,
  address: CloudAddress,
  { sites }: { readonly sites: readonly Pick<SiteSpec, 'ref'>[] },
  deed: string,
): Promise<void> {
  if (address.kind !== 'live') return
  const profile = address.profile ?? env['AWS_PROFILE']
  const elsewhere = env['AWS_ENDPOINT_URL']
  const regions = [...new Set(sites.map(({ ref }) => ref.region))]
  const where = [
    `live AWS account ${address.account}`,
    `${regions.length > 1 ? 'regions' : 'region'} ${regions.join(', ')}`,
    ...(profile ? [`profile ${profile}`] : []),
    ...(elsewhere ? [`by AWS_ENDPOINT_URL at ${elsewhere}`] : []),
    ...new Set(sites.map(({ ref }) => described(ref))),
  ]
  output.people(`${where.join(', ')}: about to ${deed}\n`)
  await agree(
    { flags, output, interrupt },
    'Go on?',
    'a live account is changed only when that was asked for',
  )
}

const described = ({ name, entry }: ServiceRef): string => `service ${name} (${describeEntry(entry)})`

/** Goes on only when a person on a terminal says yes, or `--yes` did. `rule` says why that is asked. */
export async function agree(
  { flags, output, interrupt }: Pick<Invocation, 'flags' | 'output' | 'interrupt'>,
  question: string,
  rule: string,
): Promise<void> {
  if (flags.yes) return
  if (!output.ask) {
    throw new SluiceError('usage', `${rule}; nothing was touched`, {
      hint: 'add --yes where nobody can be asked',
    })
  }
  const answer = await output.ask(`${question} [y/N] `, interrupt)
  if (/^\s*y(es)?\s*$/i.test(answer)) return
  throw new SluiceError('precondition', 'not confirmed; nothing was touched')
}
