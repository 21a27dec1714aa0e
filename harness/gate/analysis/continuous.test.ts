import { expect, test } from 'vitest'
import { seededRandom } from '#fixtures/random'
import type { Outcome, Thresholds, TrafficCount, TrafficWindow } from '../../gate.ts'
import { type AnalysisInput, analyse } from './analyse.ts'
import { compareErrors, holdToCeiling } from './error-rate.ts'
import { holdToLimit } from './latency.ts'
import { tally } from './tally.ts'
import { weighUnanswered } from './unanswered.ts'

/** At its own limits a service is as bad as a good one may be: here every test that is looked at continuously is at its worst. */
const ALPHA = 0.05
const ERRORS = 0.02
const SLOW = 0.01
const thresholds: Thresholds = {
  errorRate: { ceiling: ERRORS, alpha: ALPHA },
  latency: { p99: 500, slowdown: 1.5 },
  minRequests: 1,
}
const RUNS = 250
const REQUESTS = 600
/** Requests between two looks: of each test, and of a whole gate. */
const LOOK = 5
const GATE = 60

/** What a true rate would exceed, among so many runs, with a chance of one in a thousand. */
const bound = (rate: number): number => rate + 3.09 * Math.sqrt((rate * (1 - rate)) / RUNS)

class Traffic {
  readonly stage: string
  readonly #counts = new Map<string, TrafficCount>()
  readonly latencies: Record<string, number[]> = {}
  #n = 0

  constructor(stage: string) {
    this.stage = stage
  }

  add(version: string, outcome: Outcome, latency: number): void {
    this.#n++
    const key = `${version} ${outcome}`
    const n = (this.#counts.get(key)?.n ?? 0) + 1
    this.#counts.set(key, { version, outcome, lane: 'fresh', n })
    if (outcome !== 'ok') return
    this.latencies[version] ??= []
    this.latencies[version].push(latency)
  }

  window(): TrafficWindow {
    const counts = [...this.#counts.values()]
    const schedule = { planned: this.#n, sent: this.#n, dropped: 0, lagP99: 1 }
    return { from: 0, stage: this.stage, counts, latency: {}, schedule }
  }

  samples(): Record<string, Float64Array> {
    return Object.fromEntries(
      Object.entries(this.latencies).map(([version, all]) => [version, Float64Array.from(all)]),
    )
  }
}

const [stable, candidate] = ['1.0.0', '2.0.0']
const ofStable = (version: string): boolean => version === stable
const ofCandidate = (version: string): boolean => version === candidate
const everyone = (): boolean => true

/** Every test that is looked at continuously, by itself: the chance that it gives to what it sees. */
function chances(input: AnalysisInput): Record<string, number> {
  const { before, now } = input
  const armOf = (name: string, matches: (version: string) => boolean) => {
    return { name, ...tally(now, matches), window: now, matches }
  }
  const compared = (name: string, matches: (version: string) => boolean, window: TrafficWindow): number =>
    compareErrors({
      metric: name,
      alpha: ALPHA,
      arm: armOf(name, matches),
      other: { name: 'other', ...tally(window, ofStable) },
    }).p
  const held = (matches: (version: string) => boolean): number => {
    const what = { metric: '', name: '', ceiling: ERRORS, alpha: ALPHA, closing: false }
    return holdToCeiling({ ...what, window: now, matches }).p
  }
  return {
    'candidate against stable now': compared(candidate, ofCandidate, now),
    'candidate against stable before': compared(candidate, ofCandidate, before),
    'stable against before': compared(stable, ofStable, before),
    'ceiling of the candidate': held(ofCandidate),
    'ceiling of all': held(everyone),
    'unanswered by share': weighUnanswered(input).p,
    'unanswered against before': weighUnanswered({ ...input, candidateShare: 0 }).p,
    'latency limit': holdToLimit(input).p,
  }
}

/** Two releases alike; errors that are `unsigned` come from neither. How often each test alarms, and any in a gate. */
function alarms(share: number, unsigned: boolean, seed: number): Map<string, number> {
  const draw = seededRandom(seed)
  const request = (into: Traffic, at: number): void => {
    const version = draw() < at ? candidate : stable
    const fails = draw() < ERRORS
    if (fails && unsigned) into.add('', 'response-timeout', 0)
    else into.add(version, fails ? 'target-5xx' : 'ok', draw() < SLOW ? 900 : 20)
  }
  const fill = (stage: string, at: number, n: number): Traffic => {
    const traffic = new Traffic(stage)
    for (let i = 0; i < n; i++) request(traffic, at)
    return traffic
  }
  const found = new Map<string, number>()
  for (let run = 0; run < RUNS; run++) {
    const before = fill('before', 0, 300)
    const past = {
      before: before.window(),
      earlier: [{ window: fill('canary 5%', 0.05, 300).window(), share: 0.05 }],
      samplesBefore: before.samples(),
      candidate,
      stable,
      candidateShare: share,
      thresholds,
      look: 'continuous',
    } as const
    const now = new Traffic('canary')
    const alarmed = new Set<string>()
    for (let i = 1; i <= REQUESTS; i++) {
      request(now, share)
      const seen = { ...past, now: now.window(), samples: now.samples() }
      if (i % LOOK === 0) {
        for (const [name, p] of Object.entries(chances(seen))) if (p <= ALPHA) alarmed.add(name)
      }
      if (i % GATE === 0 && analyse(seen).some(({ status }) => status === 'failed')) alarmed.add('a gate')
    }
    for (const name of alarmed) found.set(name, (found.get(name) ?? 0) + 1)
  }
  return found
}

test.each([
  [0.05, false],
  [0.5, false],
  [1, false],
  [0.25, true],
])(
  'at a share of %d (errors unsigned: %s) looking again and again alarms no more often than α says',
  {
    timeout: 120_000,
  },
  (share, unsigned) => {
    const { 'a gate': gates = 0, ...single } = Object.fromEntries(alarms(share, unsigned, 29))
    for (const [name, n] of Object.entries(single)) expect(n / RUNS, name).toBeLessThan(bound(ALPHA))
    // The question of the canary has an α of its own, all others share one.
    expect(gates / RUNS).toBeLessThan(bound(2 * ALPHA))
  },
)
