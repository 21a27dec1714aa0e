import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TrafficBucket, TrafficCount } from '../gate.ts'
import type { Samples } from '../probe.ts'
import { createAggregate } from './aggregate.ts'
import { countsByVersion, harmed, mergeWindows, requests } from './fold.ts'
import { createTrafficLedger, SAMPLES_LIMIT } from './ledger.ts'

const count = (version: string, outcome: TrafficCount['outcome'], n: number): TrafficCount => ({
  version,
  lane: 'fresh',
  outcome,
  n,
})

function bucketOf(stage: string, from: number, latencies: Record<string, readonly number[]>, lags = [1]) {
  const aggregate = createAggregate(Object.keys(latencies), from)
  for (const lag of lags) aggregate.planned(stage, lag)
  for (const [version, values] of Object.entries(latencies)) {
    for (const value of values)
      aggregate.ended(stage, { lane: 'fresh', outcome: 'ok', version, latency: value })
  }
  const [closed] = aggregate.close(stage, from + 1_000)
  if (!closed) throw new Error('no bucket')
  return closed
}

test('sums are kept by stage and over all', () => {
  const ledger = createTrafficLedger()
  for (const [stage, from] of [
    ['baseline', 1_000],
    ['canary', 2_000],
    ['canary', 3_000],
  ] as const) {
    const { bucket, samples } = bucketOf(stage, from, { a: [1, 2], b: [3] })
    ledger.add({ ...bucket, counts: [...bucket.counts, count('', 'refused', 2)] }, samples)
  }
  expect(ledger.window('canary')).toMatchObject({ from: 2_000, stage: 'canary', schedule: { planned: 2 } })
  expect(requests(ledger.window('canary'))).toBe(10)
  expect(harmed(ledger.window('canary'))).toBe(4)
  expect(countsByVersion(ledger.total())).toEqual({
    a: { total: 6, ok: 6, harmed: 0 },
    b: { total: 3, ok: 3, harmed: 0 },
    '': { total: 6, ok: 0, harmed: 6 },
  })
  expect([...(ledger.samples('canary')['a'] ?? [])]).toEqual([1, 2, 1, 2])
  expect(ledger.all()).toHaveLength(3)
  expect(ledger.lastAnswer('a')).toBe(4_000)
  expect(ledger.lastAnswer('c')).toBeUndefined()
})

test('a stage not seen is all zero', () => {
  const ledger = createTrafficLedger()
  expect(ledger.window('none')).toMatchObject({
    from: 0,
    stage: 'none',
    counts: [],
    latency: {},
    schedule: { planned: 0, sent: 0, dropped: 0, lagP99: 0 },
  })
  expect(ledger.samples('none')).toEqual({})
})

test('listeners hear every bucket after it was added, until they stop', () => {
  const ledger = createTrafficLedger()
  const heard: number[] = []
  const stop = ledger.onChange(() => heard.push(ledger.all().length))
  const { bucket, samples } = bucketOf('baseline', 0, { a: [1] })
  ledger.add(bucket, samples)
  ledger.add(bucket, samples)
  stop()
  ledger.add(bucket, samples)
  expect(heard).toEqual([1, 2])
})

test('samples are capped, while counts, percentiles and the maximum are of everything', () => {
  const ledger = createTrafficLedger()
  const values = Array.from({ length: 3 * SAMPLES_LIMIT }, (_, i) => 1 + i / 100)
  const { bucket, samples } = bucketOf('baseline', 0, { a: values })
  ledger.add(bucket, samples)
  expect(ledger.samples('baseline')['a']).toHaveLength(SAMPLES_LIMIT)
  const latency = ledger.window('baseline').latency['a']
  expect(latency?.n).toBe(values.length)
  expect(latency?.max).toBe(values.at(-1))
  expect((latency?.p99 ?? 0) / (values[Math.ceil(values.length * 0.99) - 1] ?? 1)).toBeCloseTo(1, 2)
  // The choice is spread over the whole: its mean is near that of all.
  const mean = (all: Iterable<number>) => [...all].reduce((sum, value) => sum + value, 0) / [...all].length
  expect(mean(ledger.samples('baseline')['a'] ?? []) / mean(values)).toBeCloseTo(1, 1)
})

test('one bad second does not make the lag of a long stage bad', () => {
  const ledger = createTrafficLedger()
  const add = (lag: number) => {
    const { bucket, samples } = bucketOf(
      'canary',
      0,
      { a: [] },
      Array.from({ length: 100 }, () => lag),
    )
    ledger.add(bucket, samples)
  }
  add(80)
  expect(ledger.window('canary').schedule.lagP99).toBe(80)
  for (let i = 0; i < 200; i += 1) add(0.8)
  expect(ledger.window('canary').schedule.lagP99).toBe(1)
})

test('a schedule without counts is taken at its worst', () => {
  const window = (lagP99: number) => ({
    from: 0,
    stage: 's',
    counts: [],
    latency: {},
    schedule: { planned: 100, sent: 100, dropped: 0, lagP99 },
  })
  expect(mergeWindows([window(1), window(40)]).schedule.lagP99).toBe(40)
})

test('versions that come from outside are kept apart, but not without end', () => {
  const aggregate = createAggregate(['1.0.0'], 0)
  const request = { lane: 'fresh', outcome: 'ok', version: '1.0.0', latency: 1 } as const
  for (let i = 0; i < 100; i += 1) {
    aggregate.ended('s', { ...request, outcome: 'unknown-version', version: `${i}${'x'.repeat(1_000)}` })
    aggregate.ended('s', request)
  }
  aggregate.ended('s', { ...request, version: '__proto__' })
  const [closed] = aggregate.close('s', 1)
  expect(requests(closed?.bucket as TrafficBucket)).toBe(201)
  expect(closed?.bucket.counts.length).toBe(19)
  expect(Math.max(...(closed?.bucket.counts ?? []).map(({ version }) => version.length))).toBe(64)
  expect(Object.keys(closed?.samples as Samples)).toContain('1.0.0')
})

test('merging windows adds counts exactly and estimates percentiles between those of the parts', () => {
  const latencies = fc.array(fc.double({ min: 0.1, max: 5_000, noNaN: true }), {
    minLength: 1,
    maxLength: 50,
  })
  fc.assert(
    fc.property(fc.array(latencies, { minLength: 1, maxLength: 5 }), (parts) => {
      const buckets = parts.map((values) => bucketOf('s', 0, { a: values }).bucket)
      const merged = mergeWindows(buckets)
      const all = parts.flat()
      expect(requests(merged)).toBe(all.length)
      expect(merged.latency['a']?.n).toBe(all.length)
      expect(merged.latency['a']?.max).toBe(Math.max(...all))
      for (const key of ['p50', 'p90', 'p99'] as const) {
        const own = buckets.map(({ latency }) => latency['a']?.[key] ?? 0)
        expect(merged.latency['a']?.[key]).toBeGreaterThanOrEqual(Math.min(...own) * 0.999)
        expect(merged.latency['a']?.[key]).toBeLessThanOrEqual(Math.max(...own) * 1.001)
      }
    }),
    { numRuns: 100 },
  )
})

test('nothing merges to nothing', () => {
  expect(mergeWindows([], 'empty')).toMatchObject({ from: 0, stage: 'empty', counts: [], latency: {} })
})
