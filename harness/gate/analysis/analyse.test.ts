import { describe, expect, test } from 'vitest'
import type { Outcome, Thresholds, TrafficWindow } from '../../gate.ts'
import { mergeEvidence } from '../verdict.ts'
import { type AnalysisInput, analyse } from './analyse.ts'

type Counts = Readonly<Record<string, Partial<Record<Outcome, number>>>>

const thresholds: Thresholds = {
  errorRate: { ceiling: 0.02, alpha: 0.01 },
  latency: { p99: 500, slowdown: 1.5 },
  minRequests: 300,
}

function traffic(counts: Counts, schedule: Partial<TrafficWindow['schedule']> = {}): TrafficWindow {
  const entries = Object.entries(counts).flatMap(([version, outcomes]) =>
    Object.entries(outcomes).map(([outcome, n]) => ({
      version,
      lane: 'fresh' as const,
      outcome: outcome as Outcome,
      n,
    })),
  )
  const planned = entries.reduce((sum, { n }) => sum + n, 0)
  return {
    from: 0,
    stage: 'canary',
    counts: entries,
    latency: {},
    schedule: { planned, sent: planned, dropped: 0, lagP99: 1, ...schedule },
  }
}

/** Latencies spread evenly around a middle. */
const latencies = (n: number, middle: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => middle * (0.8 + (0.4 * i) / n))

const good: AnalysisInput = {
  before: traffic({ '1.0.0': { ok: 500 } }),
  now: traffic({ '1.0.0': { ok: 475 }, '2.0.0': { ok: 25 } }),
  samplesBefore: { '1.0.0': latencies(500, 20) },
  samples: { '1.0.0': latencies(475, 20), '2.0.0': latencies(25, 20) },
  candidate: '2.0.0',
  stable: '1.0.0',
  candidateShare: 0.05,
  thresholds,
  look: 'closing',
}

const judge = (change: Partial<AnalysisInput>) => mergeEvidence(analyse({ ...good, ...change }))
const evidence = (metric: string, change: Partial<AnalysisInput> = {}) =>
  analyse({ ...good, ...change }).find((item) => item.metric === metric)

describe('acknowledged writes', () => {
  const written = (lost: number) => ({
    ...good.now,
    counts: [
      ...good.now.counts,
      { version: '1.0.0', lane: 'write-then-read', outcome: 'ok', n: 40 } as const,
      { version: '1.0.0', lane: 'write-then-read', outcome: 'lost-write', n: lost } as const,
    ],
  })

  test('one that is lost closes the gate at once, whoever answered, and says which', () => {
    const sentence = '/orders/7, acknowledged by 2.0.0, was gone when 1.0.0 was asked for it (404)'
    const now = { ...written(1), remarks: [{ outcome: 'lost-write', sentence } as const] }
    expect(judge({ now, look: 'continuous' })).toMatchObject({
      status: 'failed',
      sentence: `1 acknowledged write was lost: ${sentence}`,
    })
    expect(judge({ now: written(2) }).sentence).toBe('2 acknowledged writes were lost')
  })

  test('none that is lost passes, and none written is no evidence', () => {
    expect(evidence('acknowledged writes', { now: written(0) })).toMatchObject({
      status: 'passed',
      n: { all: 40 },
    })
    expect(evidence('acknowledged writes')).toBeUndefined()
  })
})

test('a session that is lost closes the gate, and says by whom', () => {
  const sticky = (outcome: Outcome, n: number) => ({ version: '2.0.0', lane: 'sticky', outcome, n }) as const
  const sentence = '2.0.0 replaced the session of a client that had one'
  const now = {
    ...good.now,
    counts: [...good.now.counts, sticky('ok', 9), sticky('lost-session', 1)],
    remarks: [{ outcome: 'lost-session', sentence } as const],
  }
  expect(judge({ now, look: 'continuous' })).toMatchObject({
    status: 'failed',
    sentence: `1 of 10 requests by clients that keep their cookies lost the session: ${sentence}`,
  })
  const kept = { ...now, counts: [...good.now.counts, sticky('ok', 9)] }
  expect(evidence('sessions', { now: kept })).toMatchObject({ status: 'passed', n: { all: 9 } })
})

describe('error rate', () => {
  test('a good stage passes, and says how many errors could have gone unseen', () => {
    expect(judge({}).status).toBe('passed')
    expect(evidence('error rate')).toMatchObject({
      status: 'passed',
      n: { '2.0.0': 25, '1.0.0': 475 },
      effect: 0,
    })
    expect(evidence('error rate')?.sentence).toBe(
      '2.0.0 answered 25 requests without an error (its rate is below 11 % with 95 % confidence), 1.0.0 0 of 475',
    )
  })

  test('a candidate that fails more than the stable release closes the gate in plain words', () => {
    const verdict = judge({
      now: traffic({ '1.0.0': { ok: 480 }, '2.0.0': { ok: 111, 'target-5xx': 8, truncated: 1 } }),
      look: 'continuous',
    })
    expect(verdict).toMatchObject({
      status: 'failed',
      sentence:
        '2.0.0 answered 9 of 120 requests with an error (7.5 %: 8 target-5xx, 1 truncated), 1.0.0 0 of 480',
    })
  })

  test('one error of the candidate closes nothing, nor does one that the stable release shares', () => {
    expect(
      judge({ now: traffic({ '1.0.0': { ok: 475 }, '2.0.0': { ok: 24, 'target-5xx': 1 } }) }).status,
    ).toBe('passed')
    const alike = traffic({ '1.0.0': { ok: 470, 'target-5xx': 5 }, '2.0.0': { ok: 24, 'target-5xx': 1 } })
    expect(judge({ now: alike }).status).toBe('passed')
  })

  test('with all the traffic on the candidate it is compared with the stable release before the first shift', () => {
    const now = traffic({ '2.0.0': { ok: 470, 'target-5xx': 30 } })
    const samples = { '2.0.0': latencies(470, 20) }
    expect(judge({ now, samples, candidateShare: 1 })).toMatchObject({
      status: 'failed',
      sentence: expect.stringContaining('1.0.0 before the first shift 0 of 500'),
    })
    expect(judge({ now: traffic({ '2.0.0': { ok: 500 } }), samples, candidateShare: 1 }).status).toBe(
      'passed',
    )
  })

  test('a rate above the ceiling closes the gate even if both releases share it', () => {
    const now = traffic({ '1.0.0': { ok: 400, 'target-5xx': 75 }, '2.0.0': { ok: 21, 'target-5xx': 4 } })
    const before = traffic({ '1.0.0': { ok: 400, 'target-5xx': 75 } })
    expect(judge({ now, before })).toMatchObject({
      status: 'failed',
      sentence: expect.stringContaining('held to 2 %'),
    })
  })

  test('a rate that is likely, but not surely, above the ceiling leaves the gate undecided', () => {
    const now = traffic({ '1.0.0': { ok: 40, 'target-5xx': 2 }, '2.0.0': { ok: 40, 'target-5xx': 3 } })
    const item = evidence('error ceiling', { now })
    expect(item?.status).toBe('inconclusive')
    expect(evidence('error ceiling', { now, look: 'continuous' })?.status).toBe('passed')
  })

  test('requests that nobody answered are held against the time before the first shift', () => {
    const now = traffic({ '1.0.0': { ok: 470 }, '2.0.0': { ok: 20 }, '': { 'elb-5xx': 9 } })
    const before = traffic({ '1.0.0': { ok: 2000 } })
    expect(judge({ now, before, look: 'continuous' })).toMatchObject({
      status: 'failed',
      sentence: expect.stringContaining('9 elb-5xx'),
    })
    const usual = traffic({ '1.0.0': { ok: 2000 }, '': { 'elb-5xx': 40 } })
    expect(evidence('unanswered requests', { now, before: usual })?.status).toBe('passed')
  })

  test('requests that nobody answered are the candidate’s where they come with its share of the traffic', () => {
    const none = (n: number, lost: number) =>
      traffic({ '1.0.0': { ok: n - lost }, '': { 'response-timeout': lost } })
    const seen = (first: number, second: number, third: number) => ({
      before: none(300, 0),
      earlier: [
        { window: none(500, first), share: 0.05 },
        { window: none(500, second), share: 0.25 },
      ],
      now: none(500, third),
      candidateShare: 0.5,
      look: 'continuous' as const,
    })
    // 5 % of the candidate's own, which is no more than 2.8 % of all.
    expect(judge(seen(1, 7, 14))).toMatchObject({
      status: 'failed',
      sentence:
        'the service answered 14 of 500 requests with an error (2.8 %: 14 response-timeout), before the first shift 0 of 300, at 5 % 1 of 500, at 25 % 7 of 500, which is 5.6 % of what 2.0.0 was given',
    })
    expect(judge(seen(8, 6, 8)).status).toBe('passed')
  })

  test('a stable release that fails since the shift closes the gate', () => {
    const now = traffic({ '1.0.0': { ok: 466, 'target-5xx': 9 }, '2.0.0': { ok: 25 } })
    const before = traffic({ '1.0.0': { ok: 2000 } })
    expect(evidence('errors of the stable release', { now, before })?.status).toBe('failed')
  })
})

describe('hard facts', () => {
  test('a single wrong page of the candidate closes the gate at any look', () => {
    const now = traffic({ '1.0.0': { ok: 475 }, '2.0.0': { ok: 24, 'wrong-body': 1 } })
    expect(judge({ now, look: 'continuous' })).toMatchObject({
      status: 'failed',
      sentence: '2.0.0 answered 1 of 25 requests with a page that is not what it must be',
    })
  })

  test('an answer of a version that was not deployed closes the gate, unless it was there before', () => {
    const now = traffic({ '1.0.0': { ok: 475 }, '2.0.0': { ok: 24 }, '9.9.9': { 'unknown-version': 1 } })
    expect(judge({ now, look: 'continuous' })).toMatchObject({
      status: 'failed',
      sentence: '1 of 500 requests were answered by a version that was not deployed (9.9.9)',
    })
    const before = traffic({ '1.0.0': { ok: 475 }, '9.9.9': { 'unknown-version': 3 } })
    expect(evidence('versions served', { now, before })?.status).toBe('passed')
  })
})

describe('latency', () => {
  const slow = { '1.0.0': latencies(475, 20), '2.0.0': latencies(25, 60) }

  test('a candidate slower than allowed closes the gate when the bake is over, not before', () => {
    expect(evidence('latency', { samples: slow })).toMatchObject({
      status: 'failed',
      effect: expect.closeTo(3, 0),
    })
    expect(judge({ samples: slow, look: 'continuous' }).status).toBe('passed')
  })

  test('a difference that nobody feels closes nothing, however sure it is', () => {
    const samples = { '1.0.0': latencies(475, 1), '2.0.0': latencies(25, 3) }
    expect(evidence('latency', { samples })?.status).toBe('passed')
  })

  test('more than one in a hundred above the limit closes the gate at any look', () => {
    const samples = {
      ...good.samples,
      '2.0.0': Float64Array.from([...latencies(20, 20), 900, 900, 900, 900, 900]),
    }
    expect(evidence('latency limit', { samples, look: 'continuous' })?.status).toBe('failed')
    const twice = { ...good.samples, '2.0.0': Float64Array.from([...latencies(24, 20), 900, 900]) }
    expect(evidence('latency limit', { samples: twice })?.status).toBe('inconclusive')
    const once = { ...good.samples, '2.0.0': Float64Array.from([...latencies(24, 20), 900]) }
    expect(evidence('latency limit', { samples: once })?.status).toBe('passed')
  })

  test('a probe that fell behind its schedule proves no slowness', () => {
    const now = { ...good.now, schedule: { planned: 500, sent: 500, dropped: 0, lagP99: 400 } }
    expect(evidence('latency', { samples: slow, now })?.status).toBe('inconclusive')
  })
})

describe('enough to see', () => {
  test('too few requests, none at all, or too few of the candidate leave the gate undecided', () => {
    const few = traffic({ '1.0.0': { ok: 190 }, '2.0.0': { ok: 10 } })
    expect(judge({ now: few })).toMatchObject({
      status: 'inconclusive',
      sentence: 'only 200 requests were seen of 300 needed',
    })
    const none = { ...thresholds, minRequests: 0 }
    expect(judge({ now: traffic({}), samples: {}, thresholds: none }).status).toBe('inconclusive')
    const starved = traffic({ '1.0.0': { ok: 498 }, '2.0.0': { ok: 2 } })
    expect(evidence('requests', { now: starved })?.status).toBe('inconclusive')
    expect(evidence('requests', { now: traffic({ '1.0.0': { ok: 500 } }), candidateShare: 0 })?.status).toBe(
      'passed',
    )
  })

  test.each([
    ['left requests out', { dropped: 1 }],
    ['lagged', { lagP99: 101 }],
  ])('a probe that %s leaves the gate undecided', (_how, schedule) => {
    const now = traffic({ '1.0.0': { ok: 475 }, '2.0.0': { ok: 25 } }, schedule)
    expect(judge({ now }).status).toBe('inconclusive')
  })
})

test('a release redeployed under its own version is compared with the time before the first shift', () => {
  const now = traffic({ '1.0.0': { ok: 470, 'target-5xx': 30 } })
  expect(judge({ now, candidate: '1.0.0', candidateShare: 1, look: 'continuous' })).toMatchObject({
    status: 'failed',
    sentence: expect.stringContaining('before the first shift'),
  })
})
