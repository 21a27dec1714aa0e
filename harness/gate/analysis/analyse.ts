import type { Evidence, Thresholds, TrafficWindow } from '../../gate.ts'
import type { Samples } from '../../probe.ts'
import { compareErrors, type Finding, holdToCeiling } from './error-rate.ts'
import { wrongAnswers } from './hard-facts.ts'
import { holm } from './holm.ts'
import { compareLatency, holdToLimit } from './latency.ts'
import { judgeSchedule } from './schedule.ts'
import { tally } from './tally.ts'
import { weighUnanswered } from './unanswered.ts'

/** What was seen at another share of the traffic. */
interface Earlier {
  readonly window: TrafficWindow
  /** That of the candidate, of 1. */
  readonly share: number
}

export interface AnalysisInput {
  /** Traffic before the first shift, and since this stage's weights were confirmed. */
  readonly before: TrafficWindow
  readonly now: TrafficWindow
  /** The stages between the two, whose gates have opened; none unless given. */
  readonly earlier?: readonly Earlier[]
  /** Latencies of the two windows by version. */
  readonly samplesBefore: Samples
  readonly samples: Samples
  readonly candidate: string
  readonly stable: string
  /** Share of the traffic that the candidate shall have, of 1. */
  readonly candidateShare: number
  readonly thresholds: Thresholds
  /**
   * `continuous`: one of any number of looks while the traffic flows; only what stays valid however often one
   * looks, and what is certain. `closing`: when the bake is over; everything, and whether there was enough to see.
   */
  readonly look: 'continuous' | 'closing'
}

/**
 * What the traffic says about a stage. Pure. The one question a canary is for, whether the candidate fails more than
 * the stable release, is tested at the whole of α; all other tests share a second α by Holm's correction.
 */
export function analyse(input: AnalysisInput): Evidence[] {
  const { alpha } = input.thresholds.errorRate
  const hard = wrongAnswers(input)
  const certain = hard.filter((evidence) => evidence.status === 'failed')
  const harmless = hard.filter((evidence) => evidence.status !== 'failed')
  const primary = candidateAgainstStable(input).map((finding) => finding.evidence(finding.p <= alpha))
  const others = otherFindings(input)
  const fallen = holm(
    others.map((finding) => finding.p),
    alpha,
  )
  const secondary = others.map((finding, i) => finding.evidence(fallen[i] === true))
  return [...certain, ...primary, ...harmless, ...secondary, ...closing(input)]
}

function candidateAgainstStable(input: AnalysisInput): Finding[] {
  const { candidate, stable, now } = input
  const arm = tally(now, (version) => version === candidate)
  if (arm.n === 0) return []
  const reference = stableWindow(input)
  return [
    compareErrors({
      metric: 'error rate',
      alpha: input.thresholds.errorRate.alpha,
      arm: { name: candidate, ...arm, window: now, matches: (version) => version === candidate },
      other: { name: reference.name, ...tally(reference.window, (version) => version === stable) },
    }),
  ]
}

/** The stable fleet now, as long as it still serves enough to compare with; else as it was before the first shift. */
function stableWindow(input: AnalysisInput): { name: string; window: TrafficWindow; samples: Samples } {
  const { before, now, candidate, stable } = input
  const total = tally(now, () => true).n
  const current = candidate === stable ? 0 : tally(now, (version) => version === stable).n
  return current > 0 && current >= total / 20
    ? { name: stable, window: now, samples: input.samples }
    : { name: `${stable} before the first shift`, window: before, samples: input.samplesBefore }
}

/** Always as many, whatever was seen: what is shared by Holm's correction must not depend on the data. */
function otherFindings(input: AnalysisInput): Finding[] {
  const { before, now, candidate, stable, thresholds, look } = input
  const { alpha, ceiling } = thresholds.errorRate
  const everyone = (): boolean => true
  const ofStable = (version: string): boolean => version === stable && candidate !== stable
  const ofCandidate = (version: string): boolean => version === candidate
  const closing = look === 'closing'
  const reference = stableWindow(input)
  return [
    holdToCeiling({
      metric: 'error ceiling',
      name: candidate,
      ceiling,
      alpha,
      closing,
      window: now,
      matches: ofCandidate,
    }),
    holdToCeiling({
      metric: 'errors of all',
      name: 'the service',
      ceiling,
      alpha,
      closing,
      window: now,
      matches: everyone,
    }),
    weighUnanswered(input),
    compareErrors({
      metric: 'errors of the stable release',
      alpha,
      arm: { name: stable, ...tally(now, ofStable), window: now, matches: ofStable },
      other: { name: 'before the first shift', ...tally(before, ofStable) },
    }),
    holdToLimit(input),
    compareLatency(input, reference),
  ]
}

/** Whether there was enough to see, and whether the one who looked can be trusted. */
function closing(input: AnalysisInput): Evidence[] {
  return input.look === 'closing' ? [judgeRequests(input), judgeSchedule(input.now, input.thresholds)] : []
}

/** Fewer requests to an arm say nothing about it. */
const FEWEST_REQUESTS = 5

function judgeRequests(input: AnalysisInput): Evidence {
  const { now, candidate, candidateShare, thresholds } = input
  const total = tally(now, () => true).n
  const ofCandidate = tally(now, (version) => version === candidate).n
  const needed = Math.max(thresholds.minRequests, 1)
  const base = {
    metric: 'requests',
    n: { all: total, [candidate]: ofCandidate },
    effect: total,
    bound: needed,
  }
  if (total < needed) {
    return {
      ...base,
      status: 'inconclusive',
      sentence: `only ${total} requests were seen of ${needed} needed`,
    }
  }
  if (candidateShare > 0 && ofCandidate < FEWEST_REQUESTS) {
    const sentence = `${candidate} answered only ${ofCandidate} of ${total} requests: too few to judge it by`
    return { ...base, status: 'inconclusive', sentence }
  }
  return { ...base, status: 'passed', sentence: `${total} requests were seen, ${needed} needed` }
}
