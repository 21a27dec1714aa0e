import { expect, test } from 'vitest'
import { sampleJournals } from '#reports/sample-journal'
import type { JournalEvent } from './event.ts'
import { duration, percent, plain } from './figures.ts'
import { summarise } from './summary.ts'

test('waits of AWS are told by kind in cloud time, and what no wait explains is overhead', () => {
  const { rapid, sections } = summarise(sampleJournals.promoted())
  expect(rapid.whole).toEqual({ cloudMs: 907_920, wallMs: 15_132 })
  expect(rapid.waits.map((wait) => [wait.for, wait.ms])).toEqual([
    ['bake', 750_000],
    ['boot', 37_200],
    ['health', 31_200],
    ['drain', 30_000],
    ['propagation', 28_800],
    ['termination', 18_000],
  ])
  expect(rapid.overheadWallMs).toBe(15_132 - 895_200 / 60)
  const own = sections.reduce((sum, { overheadWallMs }) => sum + overheadWallMs, 0)
  expect(own).toBeCloseTo(rapid.overheadWallMs)
})

test('waits that overlap count once', () => {
  const events = sampleJournals.promoted()
  const doubled = events.flatMap((event): JournalEvent[] =>
    event.type === 'waited' ? [event, event] : [event],
  )
  expect(summarise(doubled).rapid.overheadWallMs).toBe(summarise(events).rapid.overheadWallMs)
})

test('a deployment is cut into the pre-deploy gate, its stages and the clearing up', () => {
  const { sections, requests } = summarise(sampleJournals.promoted())
  expect(sections.map(({ name, gates }) => [name, gates.length])).toEqual([
    ['pre-deploy', 1],
    ['canary 5%', 1],
    ['canary 25%', 1],
    ['canary 50%', 1],
    ['canary 100%', 1],
    ['clear up', 0],
  ])
  expect(sections.reduce((sum, section) => sum + section.requests, 0)).toBe(requests.total)
})

test('no failure in n requests bounds the rate at 3/n', () => {
  const { requests } = summarise(sampleJournals.promoted())
  expect(requests).toMatchObject({ total: 1504, harmed: 0, bound: 3 / 1504 })
  expect(summarise(sampleJournals['gate-failed']()).requests.bound).toBeUndefined()
})

test('what clients were led to by DNS is told with who answered there', () => {
  const led = (answer: string, version: string, outcome: 'ok' | 'target-5xx', n: number) =>
    ({ version, lane: 'dns', outcome, n, answer }) as const
  const events = sampleJournals.promoted()
  const counts = [
    led('10.0.0.1:80', '1.0.0', 'ok', 3),
    led('10.0.0.2:80', '2.0.0', 'ok', 4),
    led('10.0.0.2:80', '2.0.0', 'target-5xx', 1),
  ]
  const [first] = events.flatMap((event) => (event.type === 'traffic' ? event : []))
  const more = events.map((event): JournalEvent => {
    if (event !== first) return event
    return { ...first, bucket: { ...first.bucket, counts: [...first.bucket.counts, ...counts] } }
  })
  expect(summarise(events).requests.byAnswer).toEqual([])
  expect(summarise(more).requests.byAnswer).toEqual([
    { answer: '10.0.0.1:80', version: '1.0.0', n: 3, harmed: 0 },
    { answer: '10.0.0.2:80', version: '2.0.0', n: 5, harmed: 1 },
  ])
})

test('shares are told by version and end where they began when the deployment was turned back', () => {
  const points = summarise(sampleJournals['gate-failed']()).shares.map(({ shares }) => shares)
  expect(points).toEqual([
    { '1.0.0': 1 },
    { '1.0.0': 0.95, '2.0.1': 0.05 },
    { '1.0.0': 0.75, '2.0.1': 0.25 },
    { '1.0.0': 1 },
  ])
})

test('a failed gate is told with its stage, its evidence and whom it harmed', () => {
  const { trouble, requests, headline } = summarise(sampleJournals['gate-failed']())
  expect(headline).toBe('orders 2.0.1 was turned back at canary 25%: 1.0.0 has all traffic again.')
  expect(trouble).toMatchObject({ stage: 'canary 25%', gate: 'shift', status: 'failed' })
  expect(trouble?.evidence).toEqual([
    'error rate: 8 of 38 requests answered by 2.0.1 failed (21 %), against 0 of 112 by 1.0.0',
    'shift/traffic.suite.ts > the main page is the right one: GET / answered 500, expected 200',
  ])
  expect(requests.byOutcome).toEqual([{ outcome: 'target-5xx', n: 8 }])
  expect(requests.byVersion).toContainEqual({ version: '2.0.1', n: 59, harmed: 8 })
})

test('the way back is split into detect, decide, call and observed zero', () => {
  const { wayBack, downtime } = summarise(sampleJournals['gate-failed']()).recoverable
  expect(wayBack).toMatchObject({
    detect: { wallMs: 590 },
    decide: { wallMs: 916 },
    call: { cloudMs: 840, wallMs: 14 },
    calls: 1,
    observedZero: { wallMs: 42 },
    whole: { wallMs: 956 },
  })
  expect(downtime.cloudMs).toBe(0)
})

test('time in which no request was answered is downtime, and no version is blamed for it', () => {
  const { recoverable, requests } = summarise(sampleJournals['revert-incomplete']())
  expect(recoverable.downtime).toEqual({ cloudMs: 30_000, wallMs: 500 })
  expect(requests.byVersion).toContainEqual({ version: '', n: 52, harmed: 52 })
})

test('what is left to a person counts as human steps', () => {
  const summary = summarise(sampleJournals['revert-incomplete']())
  expect(summary.rapid.humanSteps).toBe(2)
  expect(summary.headline).toContain('A person is needed')
})

test('a release that never got traffic is not said to have given it back', () => {
  const { headline, recoverable } = summarise(sampleJournals['never-healthy']())
  expect(headline).toBe(
    'orders 2.0.1 was turned back at canary 5%, before it got any traffic: 1.0.0 kept it all.',
  )
  expect(recoverable.wayBack?.detect).toBeUndefined()
})

test('a deployment stopped before its first change says that nothing was changed', () => {
  const { headline, trouble, recoverable, repeatable } = summarise(sampleJournals.untouched())
  expect(headline).toContain('nothing was changed')
  expect(trouble?.evidence).toEqual([
    'pre-deploy/revert.suite.ts > the way back is open: process AlarmNotification of orders is suspended',
  ])
  expect(recoverable.sentence).toBe('Nothing was changed, so nothing had to be put back.')
  expect(repeatable.changed).toBe(0)
})

test('an interruption is told as one, and not as a failure of the release', () => {
  const { trouble, headline } = summarise(sampleJournals.interrupted())
  expect(trouble?.status).toBe('interrupted')
  expect(headline).toContain('was interrupted at canary 5%')
})

test('traffic that is recorded after the end counts, but does not make the deployment longer', () => {
  const events = sampleJournals.promoted()
  const late = events.findLast(({ type }) => type === 'traffic')
  const longer = late ? [...events, { ...late, at: late.at + 60_000, wallAt: late.wallAt + 1000 }] : []
  expect(summarise(longer).rapid).toEqual(summarise(events).rapid)
  expect(summarise(longer).requests.total).toBeGreaterThan(1504)
})

test('every prefix of a journal can be told', () => {
  for (const journal of Object.values(sampleJournals)) {
    const events = journal()
    for (let length = 1; length < events.length; length++) {
      expect(summarise(events.slice(0, length)).state).toBe('unfinished')
    }
  }
})

test('a journal without a deployment is refused', () => {
  expect(() => summarise([])).toThrow('this journal holds no deployment')
})

test('numbers read alike everywhere', () => {
  expect([0.42, 31, 999, 4180, 59_960, 303_000, 3_900_000].map(duration)).toEqual([
    '0.42 ms',
    '31 ms',
    '999 ms',
    '4.2 s',
    '1m 00s',
    '5m 03s',
    '1h 05m',
  ])
  expect([0, 0.00012, 0.05, 0.215, 1].map(percent)).toEqual(['0 %', '0.012 %', '5 %', '21.5 %', '100 %'])
  expect(plain('\u001b[31mred\u001b[0m\u0007\n')).toBe('red\n')
})
