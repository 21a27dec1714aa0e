import type { AnalysisInput } from './analyse.ts'
import type { Rate } from './e-value.ts'
import { detectableRate } from './e-value.ts'
import { type Comparison, compareErrors, type Finding } from './error-rate.ts'
import { ownRate, type Period, riseEValue } from './rise.ts'
import { apartFromBurst, percent, tally } from './tally.ts'

/**
 * What no release answered (a time-out, a refused connection, an error of the load balancer) names none that it could be
 * held against. It is the candidate's all the same where it comes with the candidate's share: not before the first shift,
 * rarely at 5 %, five times as often at 25 %. So all stages so far are weighed together, each with its share.
 *
 * Such errors come one by one where a release is at fault, and all at once where a machine is lost, which may befall any
 * release: the burst of a stage that one lost machine explains is left aside.
 */
export function weighUnanswered(input: AnalysisInput): Finding {
  const { before, now, earlier = [], candidate, candidateShare: share, thresholds } = input
  const { alpha } = thresholds.errorRate
  const arm: Comparison['arm'] = { name: 'the service', ...apartFromOne(now), window: now, matches: nobody }
  const usual = { name: 'before the first shift', ...unanswered(before) }
  const compared = compareErrors({ metric: 'unanswered requests', alpha, arm, other: usual })
  // Without a share of its own the candidate explains nothing: the service is held against itself.
  if (share === 0) return compared
  const past: Period[] = [
    { ...unanswered(before), share: 0 },
    ...earlier.map((each) => ({ ...apartFromOne(each.window), share: each.share })),
  ]
  const eValue = (errors: number): number => riseEValue([...past, { errors, n: arm.n, share }])
  const own = ownRate(usual, { ...arm, share })
  return {
    p: Math.min(1, 1 / eValue(arm.errors)),
    evidence: (rejected) => {
      const base = compared.evidence(rejected)
      return {
        ...base,
        sentence: [
          base.sentence,
          ...(now.burst ? [` the worst half minute left aside (${told(now.burst)})`] : []),
          ...earlier.map(({ window, share: at }) => ` at ${percent(at)} ${told(apartFromOne(window))}`),
          ...(arm.errors > 0 && share < 1
            ? [` which is ${percent(own)} of what ${candidate} was given`]
            : []),
        ].join(','),
        effect: own,
        detectable: detectableRate(arm.n, eValue, alpha),
      }
    },
  }
}

const nobody = (version: string): boolean => version === ''

/** Counted against all requests, whoever answered. */
const unanswered = (window: AnalysisInput['now']): Rate => ({
  errors: tally(window, nobody).errors,
  n: tally(window, () => true).n,
})

const apartFromOne = (window: AnalysisInput['now']): Rate => apartFromBurst(unanswered(window), window)

const told = ({ errors, n }: Rate): string => `${errors} of ${n}`
