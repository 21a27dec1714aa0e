import { expect, test } from 'vitest'
import { scaledClock } from '../clock.ts'
import type {
  Outcome,
  SuiteContext,
  SuiteRequest,
  SuiteRun,
  SuiteRunner,
  TrafficBucket,
  TrafficWindow,
} from '../gate.ts'
import type { Samples, TrafficView } from '../probe.ts'
import { watchTraffic } from './judge-traffic.ts'
import { type GateInput, runGate } from './run-gate.ts'

const clock = scaledClock(60)

const thresholds = {
  errorRate: { ceiling: 0.02, alpha: 0.01 },
  latency: { p99: 500, slowdown: 1.5 },
  minRequests: 300,
}

type Counts = Readonly<Record<string, Partial<Record<Outcome, number>>>>

/** A view fed by hand. */
class HandFedView implements TrafficView {
  readonly #counts = new Map<string, TrafficBucket['counts'][number][]>()
  readonly #listeners = new Set<(bucket: TrafficBucket) => void>()
  /** Requests that wait for an answer too long. */
  overdue = 0

  feed(stage: string, given: Counts): void {
    const counts = Object.entries(given).flatMap(([version, outcomes]) =>
      Object.entries(outcomes).map(([outcome, n]) => ({
        version,
        lane: 'fresh' as const,
        outcome: outcome as Outcome,
        n,
      })),
    )
    this.#counts.set(stage, [...(this.#counts.get(stage) ?? []), ...counts])
    const bucket = { ...this.window(stage), counts, to: clock.now() }
    for (const listener of [...this.#listeners]) listener(bucket)
  }

  window(stage: string): TrafficWindow {
    const counts = this.#counts.get(stage) ?? []
    const planned = counts.reduce((sum, { n }) => sum + n, 0)
    return {
      from: clock.now(),
      stage,
      counts,
      latency: {},
      schedule: { planned, sent: planned, dropped: 0, lagP99: 1, overdue: this.overdue },
    }
  }

  samples(): Samples {
    const twenty = new Float64Array(50).fill(20)
    return { '1.0.0': twenty, '2.0.0': twenty }
  }

  lastAnswer(): undefined {
    return undefined
  }

  onChange(listener: (bucket: TrafficBucket) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  get listeners(): number {
    return this.#listeners.size
  }
}

const green = (request: SuiteRequest): SuiteRun => ({
  ended: 'passed',
  requestedFiles: request.files,
  finishedFiles: request.files.map((file) => ({ file, state: 'passed', errors: [] })),
  tests: [{ file: 'a.suite.ts', name: 'works', status: 'passed', tookMs: 1 }],
  unhandledErrors: [],
  timedOut: false,
  tookMs: 1,
})

const ending =
  (status: 'failed' | 'inconclusive') =>
  (request: SuiteRequest): SuiteRun => ({
    ...green(request),
    ended: 'failed',
    tests: [{ file: 'a.suite.ts', name: 'works', status, tookMs: 1, message: 'because' }],
  })

interface Recorded extends SuiteRunner {
  readonly requests: SuiteRequest[]
}

/** Answers each run with the next of the given answers, the last for ever. */
function suites(...answers: ((request: SuiteRequest) => SuiteRun | Promise<SuiteRun>)[]): Recorded {
  const requests: SuiteRequest[] = []
  return {
    requests,
    run: async (request) => {
      requests.push(request)
      const answer = answers[Math.min(requests.length, answers.length) - 1] ?? green
      return answer(request)
    },
    [Symbol.asyncDispose]: async () => {},
  }
}

/** What a runner does with a suite that waits until it is given up. */
const waits = ({ signal }: SuiteRequest): Promise<SuiteRun> =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))

const context: SuiteContext = {
  cloud: {
    kind: 'embedded',
    account: '123456789012',
    region: 'us-east-1',
    regions: ['us-east-1'],
    clock: clock.spec,
    lacks: {},
  },
  service: {
    name: 'orders',
    region: 'us-east-1',
    entry: { loadBalancer: 'orders', listener: 80 },
    fleets: 'clone',
    url: '/',
  },
  phase: 'shift',
  release: { version: '2.0.0' },
  baseline: { version: '1.0.0' },
  thresholds,
}

const GOOD: Counts = { '1.0.0': { ok: 475 }, '2.0.0': { ok: 25 } }
const BAD: Counts = { '1.0.0': { ok: 95 }, '2.0.0': { ok: 1, 'target-5xx': 4 } }

function gate(change: Partial<GateInput> = {}): GateInput & { readonly view: HandFedView } {
  const view = change.view instanceof HandFedView ? change.view : new HandFedView()
  view.feed('before', { '1.0.0': { ok: 500 } })
  return {
    spec: { suites: 'shift', bake: 12_000, extend: 12_000 },
    stage: { index: 0, name: 'canary 5%', shares: { orders: 95, 'orders-2-0-0': 5 } },
    files: ['/a.suite.ts'],
    context,
    runner: suites(green),
    before: 'before',
    flush: async () => {},
    candidate: '2.0.0',
    stable: '1.0.0',
    thresholds,
    clock,
    signal: new AbortController().signal,
    ...change,
    view,
  }
}

test('a good stage passes after its bake, judged by suites before and after, the last with all the traffic', async () => {
  const runner = suites(green)
  const input = gate({ runner, flush: async () => input.view.feed('canary 5%', GOOD) })
  const result = await runGate(input)
  expect(result.verdict.status).toBe('passed')
  expect(result.bakedMs).toBeGreaterThanOrEqual(11_900)
  expect(result.tookMs).toBeGreaterThanOrEqual(result.bakedMs)
  expect(runner.requests).toHaveLength(2)
  expect(runner.requests[1]?.context.traffic?.counts.length).toBeGreaterThan(0)
  expect(result.firstHarmAt).toBeUndefined()
  expect(input.view.listeners).toBe(0)
})

test('harm in the traffic closes the gate at once, in the middle of the bake and of a suite', async () => {
  const input = gate({ runner: suites(waits), spec: { suites: 'shift', bake: 3_600_000, extend: 0 } })
  const judged = runGate(input)
  await clock.wall.sleep(20)
  input.view.feed('canary 5%', BAD)
  const result = await judged
  expect(result.verdict.status).toBe('failed')
  expect(result.verdict.sentence).toContain('2.0.0 answered 4 of 5 requests with an error')
  expect(result.bakedMs).toBeLessThan(3_600_000)
  expect(result.firstHarmAt).toBeLessThanOrEqual(clock.now())
  expect(input.view.listeners).toBe(0)
})

test('harm that came before the gate began to look closes it at once', async () => {
  const input = gate({ spec: { suites: 'shift', bake: 3_600_000, extend: 0 } })
  input.view.feed('canary 5%', BAD)
  expect((await runGate(input)).verdict.status).toBe('failed')
})

test('harm in another stage is none of this gate', async () => {
  const input = gate({ flush: async () => input.view.feed('canary 5%', GOOD) })
  const judged = runGate(input)
  input.view.feed('canary 25%', BAD)
  const result = await judged
  expect(result.verdict.status).toBe('passed')
  expect(result.firstHarmAt).toBeUndefined()
})

test('a suite that fails closes the gate without waiting for the bake', async () => {
  const input = gate({
    runner: suites(ending('failed')),
    spec: { suites: 'shift', bake: 3_600_000, extend: 0 },
  })
  const result = await runGate(input)
  expect(result.verdict).toMatchObject({ status: 'failed', sentence: 'the check “works” failed: because' })
  expect(result.tests).toHaveLength(1)
})

test('a suite that fails only after the bake closes the gate too', async () => {
  const input = gate({
    runner: suites(green, ending('failed')),
    flush: async () => input.view.feed('canary 5%', GOOD),
  })
  expect((await runGate(input)).verdict.status).toBe('failed')
})

test('what is undecided extends the bake; traffic that then comes opens the gate', async () => {
  let flushes = 0
  const runner = suites(ending('inconclusive'), ending('inconclusive'), green)
  const input = gate({
    runner,
    flush: async () => {
      if (++flushes >= 3) input.view.feed('canary 5%', GOOD)
    },
  })
  const result = await runGate(input)
  expect(result.verdict.status).toBe('passed')
  expect(runner.requests).toHaveLength(3)
  expect(result.bakedMs).toBeGreaterThan(12_000)
})

test('what stays undecided until the extension is used up fails closed', async () => {
  const result = await runGate(gate())
  expect(result.verdict).toMatchObject({
    status: 'inconclusive',
    sentence: 'only 0 requests were seen of 300 needed',
  })
  expect(result.bakedMs).toBeGreaterThan(23_000)
})

test('a gate without a bake runs its suites once and asks for no number of requests', async () => {
  const runner = suites(green)
  const result = await runGate(gate({ runner, spec: { suites: 'pre-deploy', bake: 0, extend: 0 } }))
  expect(result.verdict.status).toBe('passed')
  expect(runner.requests).toHaveLength(1)
  expect(result.bakedMs).toBe(0)
})

test('a gate without a bake still closes on harm that the traffic shows', async () => {
  const input = gate({ spec: { suites: 'post-deploy', bake: 0, extend: 0 } })
  input.view.feed('canary 5%', BAD)
  expect((await runGate(input)).verdict.status).toBe('failed')
})

test('without a probe the suites alone decide', async () => {
  const result = await runGate(gate({ probe: false, spec: { suites: 'shift', bake: 600, extend: 0 } }))
  expect(result.verdict).toMatchObject({ status: 'passed', evidence: [{ metric: 'suites shift' }] })
})

test.each<[string, Partial<GateInput>]>([
  ['the suites cannot be run', { runner: suites(() => Promise.reject(new Error('out of order'))) }],
  ['the probe does not answer', { flush: () => Promise.reject(new Error('out of order')) }],
])('it is an error, not an exception, when %s', async (_what, change) => {
  const result = await runGate(gate({ ...change, spec: { suites: 'shift', bake: 60, extend: 0 } }))
  expect(result.verdict).toMatchObject({
    status: 'error',
    sentence: 'the gate could not be judged: out of order',
  })
})

test('a view that breaks while traffic flows is an error', async () => {
  const input = gate({ spec: { suites: 'shift', bake: 3_600_000, extend: 0 } })
  const judged = runGate(input)
  await clock.wall.sleep(10)
  input.view.window = () => {
    throw new Error('view broke')
  }
  expect(() => input.view.feed('before', {})).toThrow('view broke')
  input.view.window = (stage) => ({
    from: 0,
    stage,
    counts: null as never,
    latency: {},
    schedule: { planned: 0, sent: 0, dropped: 0, lagP99: 0 },
  })
  expect(() => input.view.feed('canary 5%', {})).not.toThrow()
  expect((await judged).verdict.status).toBe('error')
})

test('an abort rejects with its own reason, whatever is being waited for', async () => {
  for (const runner of [suites(green), suites(waits)]) {
    const controller = new AbortController()
    const input = gate({
      runner,
      signal: controller.signal,
      spec: { suites: 'shift', bake: 3_600_000, extend: 0 },
    })
    const judged = runGate(input)
    setTimeout(() => controller.abort(new Error('Ctrl-C')), 20)
    await expect(judged).rejects.toThrow('Ctrl-C')
    expect(input.view.listeners).toBe(0)
  }
  await expect(runGate(gate({ signal: AbortSignal.abort(new Error('before')) }))).rejects.toThrow('before')
})

test('a stage whose gate has opened is watched on: harm aborts with a breach, harm of another stage does not', () => {
  const input = gate()
  using watch = watchTraffic(input)
  input.view.feed('another stage', BAD)
  input.view.feed(input.stage.name, GOOD)
  expect(watch.signal.aborted).toBe(false)
  input.view.feed(input.stage.name, BAD)
  expect(watch.signal.reason).toMatchObject({
    code: 'breach',
    message: expect.stringMatching(/2\.0\.0 answered 4 of/),
  })
})

test('who stops watching a stage is not told of its harm any more', () => {
  const input = gate()
  const watch = watchTraffic(input)
  watch[Symbol.dispose]()
  input.view.feed(input.stage.name, BAD)
  expect(watch.signal.aborted).toBe(false)
  expect(input.view.listeners).toBe(0)
})

test('a bake does not end before what was sent in it has its answer, or is given up', async () => {
  const input = gate({ spec: { suites: 'shift', bake: 3_000, extend: 0 } })
  input.view.feed('canary 5%', GOOD)
  input.view.overdue = 25
  clock.wall.timer(600, () => {
    input.view.overdue = 0
    input.view.feed('canary 5%', { '': { 'response-timeout': 25 } })
  })
  expect((await runGate(input)).verdict).toMatchObject({
    status: 'failed',
    sentence: expect.stringContaining('response-timeout'),
  })
})

test('where answers are to come within a second, those that are waited for in vain close the gate', async () => {
  const input = gate({ spec: { suites: 'shift', bake: 3_000, extend: 0 }, requestTimeout: 60_000 })
  input.view.feed('canary 5%', GOOD)
  input.view.overdue = 40
  expect((await runGate(input)).verdict).toMatchObject({
    status: 'failed',
    sentence: expect.stringContaining('response-timeout'),
  })
})

test('a machine that stands still for a moment closes no gate: its answers come', async () => {
  const input = gate({ spec: { suites: 'shift', bake: 3_000, extend: 0 } })
  input.view.overdue = 40
  input.view.feed('canary 5%', GOOD)
  clock.wall.timer(500, () => {
    input.view.overdue = 0
    input.view.feed('canary 5%', GOOD)
  })
  expect((await runGate(input)).verdict.status).toBe('passed')
})

test('a request that never ends keeps no gate for longer than its time-out', async () => {
  const input = gate({ spec: { suites: 'shift', bake: 3_000, extend: 0 }, requestTimeout: 300 })
  input.view.feed('canary 5%', GOOD)
  input.view.overdue = 1
  expect((await runGate(input)).verdict.status).toBe('passed')
})

test('what was observed before the gate is given to the suites that begin at once, not to those after the bake', async () => {
  const runner = suites(green)
  const observed = { scope: 'orders@us-east-1' } as unknown as NonNullable<SuiteContext['observed']>
  const input = gate({ runner, context: { ...context, observed } })
  input.view.feed('canary 5%', GOOD)
  await runGate(input)
  expect(runner.requests.map((request) => request.context.observed)).toEqual([observed, undefined])
})
