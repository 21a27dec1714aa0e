import { isAnnounced } from '../downtime.ts'
import { SluiceError } from '../errors.ts'
import type { Evidence, StageRef, Thresholds, TrafficWindow } from '../gate.ts'
import { sharesAsked } from '../route.ts'
import { analyse } from './analysis/analyse.ts'
import { rateAtLeast } from './analysis/distributions.ts'
import type { GateInput } from './run-gate.ts'

/** What traffic is judged by. */
type Traffic = Pick<
  GateInput,
  'stage' | 'earlier' | 'context' | 'view' | 'before' | 'candidate' | 'stable' | 'thresholds' | 'gates'
>

export function judgeTraffic(
  input: Traffic,
  look: 'continuous' | 'closing',
  seen: (window: TrafficWindow) => TrafficWindow = (window) => window,
): Evidence[] {
  const { view, stage, before, candidate, stable } = input
  const now = seen(excused(exceptDowntime(view.window(stage.name)), stage))
  const isBefore = stage.name === before
  return analyse({
    before: isBefore ? { ...now, counts: [] } : view.window(before),
    samplesBefore: isBefore ? {} : view.samples(before),
    now,
    earlier: (input.earlier ?? []).map((each) => ({
      window: excused(exceptDowntime(view.window(each.name)), each),
      share: candidateShare({ ...input, stage: each }),
    })),
    samples: view.samples(stage.name),
    candidate,
    stable,
    candidateShare: candidateShare(input),
    thresholds: sharedThresholds(input),
    look,
  })
}

/** What α is of a whole deployment, each of its gates has its part of (Bonferroni): looks at one more gate are more looks. */
function sharedThresholds({ thresholds, gates = 1 }: Traffic): Thresholds {
  const { errorRate } = thresholds
  return { ...thresholds, errorRate: { ...errorRate, alpha: errorRate.alpha / Math.max(1, gates) } }
}

/** Downtime that was announced is no news; what is answered meanwhile is judged as ever. */
function exceptDowntime(window: TrafficWindow): TrafficWindow {
  const counts = window.counts.filter((count) => !isAnnounced(window.stage, count))
  if (counts.length === window.counts.length) return window
  const { burst: _, ...rest } = window
  return { ...rest, counts }
}

/** How much more than its share of the requests a lost machine may have had by chance: once in a thousand times. */
const CHANCE = 0.001

/**
 * A burst of errors is left aside where one machine that was lost explains it: then no more fails than what that machine
 * was given. Where more does, every error counts at once.
 */
function excused(window: TrafficWindow, { shares, capacity = {} }: StageRef): TrafficWindow {
  const { burst, ...rest } = window
  if (!burst) return window
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0)
  const machines = Object.entries(shares).map(
    ([fleet, share]) => share / total / Math.max(1, capacity[fleet] ?? Number.POSITIVE_INFINITY),
  )
  const most = Math.max(0, ...machines)
  return rateAtLeast(burst.errors, burst.between, CHANCE) <= most ? window : rest
}

/**
 * What a gate is to open by: a burst that is most of what was seen cannot be told from what goes on, so its errors count,
 * as where a bake is short or there is none.
 */
export function countingShortBursts(window: TrafficWindow): TrafficWindow {
  const { burst, ...rest } = window
  if (!burst) return window
  const all = window.counts.reduce((sum, { n }) => sum + n, 0)
  return 2 * burst.n > all ? rest : window
}

/** Requests that were waited for in vain are harm, whatever becomes of them. */
export function withOverdue(window: TrafficWindow): TrafficWindow {
  const n = window.schedule.overdue ?? 0
  if (n === 0) return window
  const late = { version: '', lane: 'keep-alive', outcome: 'response-timeout', n } as const
  return { ...window, counts: [...window.counts, late] }
}

/**
 * Goes on judging a stage whose gate has opened, while the next one is being reached: its signal aborts with a
 * `breach` as soon as traffic proves harm.
 */
export function watchTraffic(input: Traffic): Disposable & { readonly signal: AbortSignal } {
  const watch = new AbortController()
  const stop = input.view.onChange((bucket) => {
    if (bucket.stage !== input.stage.name || watch.signal.aborted) return
    const harm = judgeTraffic(input, 'continuous').find((evidence) => evidence.status === 'failed')
    if (harm) watch.abort(new SluiceError('breach', harm.sentence))
  })
  return { signal: watch.signal, [Symbol.dispose]: stop }
}

/** The share of the traffic that goes to others than the fleet, or the release in it, that was stable before. */
function candidateShare({ context, stage, stable: old }: Traffic): number {
  const stable = context.before?.fleets.find((fleet) => fleet.role === 'stable')?.name
  const shares = sharesAsked(stage.shares, stage.route)
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0)
  if (stable === undefined || total === 0) return 0
  return 1 - ((shares[stable] ?? 0) * (stage.mixes?.[stable]?.[old] ?? 1)) / total
}
