import { expect, test } from 'vitest'
import type { TestResult } from '../gate.ts'
import type { Entry, JournalEvent } from '../journal/event.ts'
import { course, ranNotInAll } from './event-by-event.ts'

/** Stamps that are never the same twice. */
let stamp = 0
const stamped = (entry: Entry): JournalEvent => ({
  ...entry,
  seq: stamp,
  deployment: `d-${stamp}`,
  at: stamp++,
  wallAt: stamp,
})

const ran = (name: string, status: TestResult['status']): TestResult => ({
  name,
  status,
  file: '',
  tookMs: stamp++,
})

const gate = (status: 'passed' | 'failed', ...tests: TestResult[]): Entry => ({
  type: 'gate-ended',
  phase: 'shift',
  stage: 'canary 50%',
  index: 0,
  verdict: { status, sentence: `after ${stamp} requests`, evidence: [] },
  tests,
  tookMs: stamp++,
  bakedMs: 0,
  suitesWallMs: 0,
})

const deployment = (shares: Readonly<Record<string, number>>, ...tests: TestResult[]): JournalEvent[] =>
  [
    { type: 'phase', from: 'preparing', to: 'converging' } as const,
    { type: 'stage-started', index: 0, name: 'canary 50%' } as const,
    { type: 'action-intended', id: 0, scope: 'shop@r', kind: 'set-weights', what: 'set weights' } as const,
    { type: 'waited', for: 'health', what: 'shop healthy', ms: stamp++ } as const,
    {
      type: 'action-ended',
      id: 0,
      kind: 'set-weights',
      outcome: 'done',
      tookMs: stamp++,
      tookWallMs: 1,
      calls: stamp,
    } as const,
    { type: 'stage-reached', index: 0, name: 'canary 50%', shares: { shop: shares }, versions: {} } as const,
    gate('passed', ...tests),
  ].map(stamped)

const halves = { old: 50, new: 50 }
const none = new Set<string>()

test('instants, lengths, numbers of calls and what a verdict says of requests make no difference', () => {
  const [a, b] = [deployment(halves, ran('healthy', 'passed')), deployment(halves, ran('healthy', 'passed'))]
  expect(a).not.toEqual(b)
  expect(course(a, none)).toEqual(course(b, none))
})

test('weights, order, a wait, an outcome, a verdict and a test do', () => {
  const whole = deployment(halves, ran('healthy', 'passed'))
  const others: readonly (readonly JournalEvent[])[] = [
    deployment({ old: 40, new: 60 }, ran('healthy', 'passed')),
    deployment(halves, ran('healthy', 'failed')),
    deployment(halves),
    whole.toReversed(),
    whole.filter(({ type }) => type !== 'waited'),
    whole.map((event) => (event.type === 'action-ended' ? { ...event, outcome: 'failed' as const } : event)),
    [...whole.slice(0, -1), stamped(gate('failed', ran('healthy', 'passed')))],
  ]
  for (const other of others) expect(course(other, none)).not.toEqual(course(whole, none))
})

test('what is about traffic is left out, and so are tests that one of the clouds could not run', () => {
  const blind = deployment(halves, ran('healthy', 'passed'), ran('answers', 'skipped'))
  const seeing = [
    ...deployment(halves, ran('answers', 'passed'), ran('ends well', 'passed'), ran('healthy', 'passed')),
    stamped({ type: 'waited', for: 'propagation', what: 'canary 50%', ms: 1 }),
    stamped({ type: 'last-seen', version: '1.0.0', afterVerdictMs: 1, afterVerdictWallMs: 1 }),
  ]
  const without = ranNotInAll(blind, seeing)
  expect([...without].sort()).toEqual(['answers', 'ends well'])
  expect(course(blind, without)).toEqual(course(seeing, without))
  expect(course(blind, none)).not.toEqual(course(seeing, none))
})
