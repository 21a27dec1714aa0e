import type { Evidence, Outcome, TrafficWindow } from '../../gate.ts'
import type { AnalysisInput } from './analyse.ts'
import { countOutcome, tally } from './tally.ts'

/**
 * What needs no statistics: a page that is wrong was made wrong, and an answer of a version that nobody deployed
 * comes from a server that should not serve, and neither what was acknowledged nor a session may be lost. Everything else that can go wrong with a request (a refused
 * connection, a time-out, an error of the load balancer, a name not resolved) also happens to a healthy service now and
 * then, and is counted as an error.
 */
export function wrongAnswers(input: AnalysisInput): Evidence[] {
  const { now, before, candidate } = input
  const ofCandidate = tally(now, (version) => version === candidate)
  const wrong = countOutcome(now, 'wrong-body', (version) => version === candidate)
  const unknown = countOutcome(now, 'unknown-version')
  const total = tally(now, () => true).n
  const [example] = remarksOn(now, 'wrong-body')
  const pages: Evidence = {
    metric: 'wrong answers',
    status: wrong > 0 ? 'failed' : 'passed',
    sentence:
      wrong > 0
        ? `${candidate} answered ${wrong} of ${ofCandidate.n} requests with a page that is not what it must be${example ? `: ${example}` : ''}`
        : `none of ${ofCandidate.n} answers of ${candidate} had a wrong page`,
    n: { [candidate]: ofCandidate.n },
    effect: wrong,
    bound: 0,
  }
  // Seen before the first shift it is no news, and is counted with the errors only.
  const news = unknown > 0 && countOutcome(before, 'unknown-version') === 0
  const others = [...new Set(now.counts.filter(isUnknown).map((count) => count.version || 'no version'))]
  const versions: Evidence = {
    metric: 'versions served',
    status: news ? 'failed' : 'passed',
    sentence:
      unknown > 0
        ? `${unknown} of ${total} requests were answered by a version that was not deployed (${others.join(', ')})`
        : `none of ${total} requests was answered by a version that was not deployed`,
    n: { all: total },
    effect: unknown,
    bound: 0,
  }
  return [
    ...(ofCandidate.n > 0 ? [pages] : []),
    ...(total > 0 ? [versions] : []),
    ...lostWrites(now),
    ...lostSessions(now),
  ]
}

/** Nothing where nothing was written. */
function lostWrites(now: TrafficWindow): Evidence[] {
  const asked = now.counts.reduce((sum, { lane, n }) => (lane === 'write-then-read' ? sum + n : sum), 0)
  const lost = countOutcome(now, 'lost-write')
  if (asked === 0) return []
  const [example] = remarksOn(now, 'lost-write')
  const detail = example ? `: ${example}` : ''
  return [
    {
      metric: 'acknowledged writes',
      status: lost > 0 ? 'failed' : 'passed',
      sentence:
        lost > 0
          ? `${lost} acknowledged ${lost === 1 ? 'write was' : 'writes were'} lost${detail}`
          : `no acknowledged write was found lost in ${asked} requests that write or read back`,
      n: { all: asked },
      effect: lost,
      bound: 0,
    },
  ]
}

/** Nothing where no client keeps its cookies. */
function lostSessions(now: TrafficWindow): Evidence[] {
  const asked = now.counts.reduce((sum, { lane, n }) => (lane === 'sticky' ? sum + n : sum), 0)
  const lost = countOutcome(now, 'lost-session')
  if (asked === 0) return []
  const [example] = remarksOn(now, 'lost-session')
  const detail = example ? `: ${example}` : ''
  return [
    {
      metric: 'sessions',
      status: lost > 0 ? 'failed' : 'passed',
      sentence:
        lost > 0
          ? `${lost} of ${asked} requests by clients that keep their cookies lost the session${detail}`
          : `no session was lost in ${asked} requests by clients that keep their cookies`,
      n: { all: asked },
      effect: lost,
      bound: 0,
    },
  ]
}

const remarksOn = ({ remarks = [] }: TrafficWindow, wanted: Outcome): readonly string[] =>
  remarks.flatMap(({ outcome, sentence }) => (outcome === wanted ? sentence : []))

const isUnknown = (count: { readonly outcome: string }): boolean => count.outcome === 'unknown-version'
