import { oddsEValue } from '../gate/analysis/e-value.ts'
import { type Asked, inLanes } from './ask.ts'
import { type ErrorLimit, isError } from './error-share.ts'
import { type Findings, wrong } from './finding.ts'

/** A fleet that is asked: what it has answered so far, and how it is asked once more. */
export interface Witness {
  readonly name: string
  readonly asked: readonly Asked[]
  ask(): Promise<Asked>
}

/** Requests that are sent more, at most; one of so many of them goes to the suspect. */
const MORE = 400
const EVERY = 4
const AT_ONCE = 16

/**
 * A few errors are noise, or the first of many: a fleet of which more has failed than may is asked on, and the other one
 * three times as often, until that is cleared up. Each error is the suspect's with the share of the requests that it was
 * sent, if both fail alike, so it may be looked at after every answer. What stays unclear is for the watch over live traffic.
 */
export async function askOn(suspect: Witness, other: Witness, limit: ErrorLimit): Promise<Findings> {
  const first = { own: suspect.asked, others: other.asked }
  const more: { readonly own: Asked[]; readonly others: Asked[] } = { own: [], others: [] }
  const own = (): readonly Asked[] => [...first.own, ...more.own]
  const eValue = (): number =>
    oddsEValue([
      stratum(first.own, first.others, first.own.length / (first.own.length + first.others.length)),
      stratum(more.own, more.others, 1 / EVERY),
    ])
  const cleared = (): boolean => errorsIn(own()) <= own().length * limit.ceiling
  let proven = false
  await inLanes(MORE, AT_ONCE, async (index) => {
    if (proven || cleared()) return
    const [witness, into] = index % EVERY === 0 ? [suspect, more.own] : [other, more.others]
    into.push(await witness.ask())
    proven ||= eValue() >= 1 / limit.alpha
  })
  if (!proven) return []
  const told = (asked: readonly Asked[]): string => `${errorsIn(asked)} of ${asked.length} requests failed`
  return [
    wrong({
      subject: `${suspect.name}, asked directly`,
      expected: `no more errors than ${other.name} has`,
      seen: `${told(own())}, of ${other.name} ${told([...first.others, ...more.others])}`,
      hint: 'look at the logs of the instances that answered so',
    }),
  ]
}

const errorsIn = (asked: readonly Asked[]): number => asked.filter(isError).length

const stratum = (own: readonly Asked[], others: readonly Asked[], share: number) => ({
  errors: errorsIn(own),
  others: errorsIn(others),
  share,
})
