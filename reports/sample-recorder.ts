import type { Outcome, TrafficCount } from '#harness/gate'
import type { EndState, Entry, JournalEvent, WaitFor } from '#harness/journal/event'
import { CANARY, OLD, SCOPE, samplePlan, sampleSnapshot } from './sample-plan.ts'

export const SCALE = 60
export const ORIGIN = Date.UTC(2026, 0, 12, 9, 30)
/** Wall milliseconds of a bucket, requests per wall second. */
const BUCKET = 500
const RATE = 100

/** Writes a journal on a clock of its own, with probe traffic in its buckets. */
export class Recorder {
  readonly events: JournalEvent[] = []
  wall = 0
  #stage = 'baseline'
  #action = 0
  #answered = 0

  get at(): number {
    return ORIGIN + this.wall * SCALE
  }

  add(entry: Entry): void {
    const seq = this.events.length
    this.events.push({
      seq,
      deployment: 'orders-20260112-093000',
      at: this.at,
      wallAt: ORIGIN + this.wall,
      ...entry,
    })
  }

  begin(release: string, stages = samplePlan(release).stages): void {
    const plan = { ...samplePlan(release), stages }
    this.add({
      type: 'deployment-started',
      service: 'orders',
      cloud: { kind: 'embedded', account: '123456789012', region: 'us-east-1', scale: SCALE },
      release: { version: release },
      plan,
      planHash: '9f2c41d8a07be3556c1d90e2f4b8a6c37d15e0f9b2a4c6d8e1f30527496b8ad1',
      before: [sampleSnapshot({ [OLD]: 100 })],
    })
    this.add({ type: 'phase', from: 'planned', to: 'preparing' })
  }

  enter(stage: string): void {
    this.#stage = stage
  }

  /** Lets wall time pass under probe traffic. `harm` is every n-th request of a version and how it ends. */
  flow(wallMs: number, mix: Readonly<Record<string, number>>, harm: Harm = {}): void {
    for (let left = wallMs; left > 0; ) {
      const piece = Math.min(left, BUCKET)
      const from = this.at
      this.wall += piece
      left -= piece
      const n = Math.round((piece / 1000) * RATE)
      const counts = Object.entries(mix).flatMap(([version, share]) =>
        this.#counts(version, Math.round(n * share), harm[version]),
      )
      const latency = Object.keys(mix).map((version, i) => [
        version,
        { n: Math.round(n * (mix[version] ?? 0)), p50: 3.1 + i, p90: 6.4 + i, p99: 14.2 + i, max: 22.5 + i },
      ])
      this.add({
        type: 'traffic',
        bucket: {
          from,
          to: this.at,
          stage: this.#stage,
          counts,
          latency: Object.fromEntries(latency),
          schedule: { planned: n, sent: n, dropped: 0, lagP99: 1.2 },
        },
      })
    }
  }

  #counts(version: string, n: number, harm: Harm[string]): TrafficCount[] {
    let harmed = 0
    for (let i = 0; i < n; i++) {
      this.#answered += 1
      if (harm && this.#answered % harm.every === 0) harmed += 1
    }
    const lane = 'fresh' as const
    const served = harm?.outcome === 'elb-5xx' ? '' : version
    return [
      { version, lane, outcome: 'ok' as const, n: n - harmed },
      { version: served, lane, outcome: harm?.outcome ?? ('ok' as const), n: harmed },
    ].filter((each) => each.n > 0)
  }

  act(kind: string, what: string, wallMs: number, calls = 1, error?: string): void {
    this.#action += 1
    const id = this.#action
    this.add({ type: 'action-intended', id, scope: SCOPE, kind, what })
    this.wall += wallMs
    this.add({
      type: 'action-ended',
      id,
      kind,
      outcome: error === undefined ? 'done' : 'failed',
      tookMs: wallMs * SCALE,
      tookWallMs: wallMs,
      calls,
      ...(error === undefined ? {} : { error }),
    })
  }

  wait(kind: WaitFor, what: string, wallMs: number, mix: Readonly<Record<string, number>>): void {
    this.flow(wallMs, mix)
    this.add({ type: 'waited', for: kind, what, ms: wallMs * SCALE })
  }

  end(state: EndState, exitCode: number, sentence: string, left: readonly string[] = []): void {
    const release = state === 'promoted' ? { [CANARY]: 100 } : { [OLD]: 100 }
    this.add({ type: 'deployment-ended', state, exitCode, sentence, left, after: [sampleSnapshot(release)] })
  }
}

type Harm = Readonly<Record<string, { readonly every: number; readonly outcome: Outcome } | undefined>>
