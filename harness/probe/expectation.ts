import type { Outcome } from '../gate.ts'
import type { ProbeSpec } from '../probe.ts'

/** How a whole answer is to be taken. */
export interface Judgement {
  readonly outcome: Outcome
  /** What was wrong, where there is more to say than the outcome does. */
  readonly remark?: string
}

/** A whole answer. `version` is what the application called itself in `x-app-version`, empty without that header. */
export interface Answer {
  readonly status: number
  readonly version: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/**
 * Holds an answer to what is expected of the page. The first that applies counts: a 5xx nobody expected, another
 * status, a version that is not deployed, a page without the text it must have. A load balancer's own 5xx lacks the
 * application's header (Elastic Load Balancing: HTTPCode_ELB_5XX_Count against HTTPCode_Target_5XX_Count).
 */
export function judgeAnswer(
  answer: Omit<Answer, 'headers'>,
  spec: Pick<ProbeSpec, 'expect' | 'versions'>,
): Outcome {
  const { status, bodyIncludes } = spec.expect
  if (answer.status !== status) {
    if (answer.status < 500) return 'wrong-status'
    return answer.version === '' ? 'elb-5xx' : 'target-5xx'
  }
  if (!spec.versions.includes(answer.version)) return 'unknown-version'
  if (bodyIncludes !== undefined && !answer.body.includes(bodyIncludes)) return 'wrong-body'
  return 'ok'
}
