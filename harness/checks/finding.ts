import { whyNoAnswer, whyNotBuilt } from '../connect/index.ts'
import { describeError, SluiceError } from '../errors.ts'

/**
 * What a look at the cloud showed to be other than expected.
 *
 * - `wrong`: a fact; it will not come right by itself
 * - `waiting`: not yet; it may come right by itself, so look again before judging
 * - `unknown`: it could not be seen (throttled, denied, unreachable). Never a fact about the service
 */
export type Severity = 'wrong' | 'waiting' | 'unknown'

export interface Finding {
  readonly severity: Severity
  /** ARN or name of what was looked at. */
  readonly subject: string
  readonly expected: string
  readonly seen: string
  /** Where to look, or what to do next. */
  readonly hint: string
  /** What the cloud has not got, so that no look ever shows it; of what is unknown only. */
  readonly lacks?: string
}

export type Findings = readonly Finding[]

/** A finding without its severity, for checks that decide it elsewhere. */
export type Seen = Omit<Finding, 'severity'>

export const wrong = (what: Seen): Finding => ({ ...what, severity: 'wrong' })
export const waiting = (what: Seen): Finding => ({ ...what, severity: 'waiting' })
export const unknown = (what: Seen): Finding => ({ ...what, severity: 'unknown' })

/**
 * Looks, and turns what the cloud throws into a finding: what is not there is `wrong`, any other error of the cloud
 * or of the way to it is `unknown`. A fault of our own and an abort pass through.
 */
export async function looking(
  what: { readonly subject: string; readonly expected: string; readonly signal?: AbortSignal | undefined },
  look: () => Promise<Findings>,
): Promise<Findings> {
  try {
    return await look()
  } catch (thrown) {
    if (what.signal?.aborted || isOurFault(thrown)) throw thrown
    const found = { subject: what.subject, expected: what.expected, seen: describeError(thrown) }
    const lacks = whyNotBuilt(thrown) ?? whyNoAnswer(thrown)
    if (lacks !== undefined) {
      const hint = 'run this suite on a cloud that has built it'
      return [unknown({ ...found, seen: lacks, lacks: `this cloud has not built it: ${lacks}`, hint })]
    }
    return [
      isMissing(thrown)
        ? wrong({ ...found, hint: 'it is not there: create it again, or correct the config' })
        : unknown({ ...found, hint: hintFor(thrown) }),
    ]
  }
}

function isOurFault(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return true
  if (thrown instanceof SluiceError) return thrown.code === 'internal'
  const programming = thrown instanceof TypeError || thrown instanceof RangeError
  return (
    (programming || thrown instanceof ReferenceError) && thrown.cause === undefined && !('code' in thrown)
  )
}

/** AWS names such errors `TargetGroupNotFound`, `InvalidAMIID.NotFound`, `NoSuchHostedZone`, `…DoesNotExist`. */
const isMissing = (thrown: unknown): boolean =>
  thrown instanceof Error && /NotFound|NoSuch|DoesNotExist/.test(thrown.name)

function hintFor(thrown: unknown): string {
  const name = thrown instanceof Error ? thrown.name : ''
  if (thrown instanceof SluiceError && thrown.hint) return thrown.hint
  if (/Throttl|RequestLimit|TooManyRequests|SlowDown/.test(name))
    return 'the API is throttled: try again later'
  if (/AccessDenied|Unauthorized|AuthFailure|InvalidClientToken|Expired/.test(name)) {
    return 'grant the call, or renew the credentials'
  }
  return 'the API could not be asked: look at the endpoint, the network and the credentials'
}

/** `3 targets`, `1 target`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

export const list = (items: Iterable<string>): string => [...items].join(', ') || 'none'
