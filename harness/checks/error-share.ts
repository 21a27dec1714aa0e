import { describeError } from '../errors.ts'
import type { Thresholds } from '../gate.ts'
import type { Asked } from './ask.ts'
import { isMoreThan } from './binomial.ts'
import { type Findings, list, wrong } from './finding.ts'

/** What errors are held to; see `Thresholds.errorRate`. */
export type ErrorLimit = Thresholds['errorRate']

export const DEFAULT_LIMIT: ErrorLimit = { ceiling: 0.02, alpha: 0.01 }

/** No complete answer, or a server error. */
export const isError = ({ answer, error }: Asked): boolean => error !== undefined || answer.status >= 500

/**
 * Errors among answers, held to what the service's own error rate may be: a single one is noise, which the watch over
 * live traffic weighs; what noise cannot explain is a fact.
 */
export function errorShare(subject: string, asked: readonly Asked[], limit: ErrorLimit): Findings {
  const bad = asked.filter(isError)
  if (!isMoreThan(bad.length, asked.length, limit)) return []
  const kinds = new Set(
    bad.map(({ answer, error }) => (answer ? `status ${answer.status}` : describeError(error))),
  )
  return [
    wrong({
      subject,
      expected: `at most ${limit.ceiling * 100} % errors`,
      seen: `${bad.length} of ${asked.length} requests failed: ${list([...kinds].slice(0, 3))}`,
      hint: 'look at the logs of the instances that answered so',
    }),
  ]
}
