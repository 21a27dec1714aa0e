import { describe, expect, test } from 'vitest'
import type { Evidence, SuiteRun, TestResult, VerdictStatus } from '../gate.ts'
import { judgeSuites, mergeEvidence } from './verdict.ts'

const passed: TestResult = { file: 'a.suite.ts', name: 'works', status: 'passed', tookMs: 1 }

const green: SuiteRun = {
  ended: 'passed',
  requestedFiles: ['/a.suite.ts'],
  finishedFiles: [{ file: '/a.suite.ts', state: 'passed', errors: [] }],
  tests: [passed],
  unhandledErrors: [],
  timedOut: false,
  tookMs: 1,
}

describe('judging a run of suites', () => {
  test('a run in which all that was asked for ran and passed is the only one that passes', () => {
    expect(judgeSuites(green)).toMatchObject({ status: 'passed', sentence: '1 test in 1 suite passed' })
  })

  test.each<[string, Partial<SuiteRun>, VerdictStatus]>([
    ['it ended as failed', { ended: 'failed' }, 'error'],
    ['it was interrupted', { ended: 'interrupted' }, 'error'],
    ['an error was not handled', { unhandledErrors: ['late'] }, 'error'],
    ['it reached its deadline', { timedOut: true }, 'error'],
    ['nothing was requested', { requestedFiles: [], finishedFiles: [], tests: [] }, 'error'],
    ['a requested file is missing', { requestedFiles: ['/a.suite.ts', '/b.suite.ts'] }, 'error'],
    ['no module came back', { finishedFiles: [] }, 'error'],
    ['no test ran', { tests: [] }, 'error'],
    [
      'a module is pending',
      { finishedFiles: [{ file: '/a.suite.ts', state: 'pending', errors: [] }] },
      'error',
    ],
    [
      'a module was skipped',
      { finishedFiles: [{ file: '/a.suite.ts', state: 'skipped', errors: [] }] },
      'error',
    ],
    [
      'a file has errors',
      { finishedFiles: [{ file: '/a.suite.ts', state: 'failed', errors: ['x'] }] },
      'error',
    ],
    ['a test is pending', { tests: [passed, { ...passed, status: 'pending' }] }, 'error'],
    ['a test failed', { tests: [passed, { ...passed, status: 'failed' }] }, 'failed'],
    ['a test is inconclusive', { tests: [passed, { ...passed, status: 'inconclusive' }] }, 'inconclusive'],
    [
      'one test of several was skipped',
      { tests: [passed, { ...passed, status: 'skipped' }] },
      'inconclusive',
    ],
    ['all tests were skipped', { tests: [{ ...passed, status: 'skipped' }] }, 'inconclusive'],
    ['a test was flaky', { tests: [passed, { ...passed, status: 'flaky' }] }, 'inconclusive'],
  ])('it does not pass when %s', (_why, change, status) => {
    expect(judgeSuites({ ...green, ...change }).status).toBe(status)
  })

  test('a failed test is told before an error of the gate itself', () => {
    const run: SuiteRun = {
      ...green,
      timedOut: true,
      tests: [{ ...passed, status: 'failed', message: 'expected 4 targets, saw 3' }],
    }
    expect(judgeSuites(run)).toMatchObject({
      status: 'failed',
      sentence: 'the check “works” failed: expected 4 targets, saw 3',
    })
  })
})

describe('merging evidence', () => {
  const item = (status: VerdictStatus, sentence: string = status): Evidence => ({
    metric: 'm',
    status,
    sentence,
  })

  test('the worst decides: failed, error, inconclusive, passed', () => {
    const all = (['passed', 'inconclusive', 'error', 'failed'] as const).map((status) => item(status))
    for (const worst of ['failed', 'error', 'inconclusive', 'passed']) {
      expect(mergeEvidence(all)).toMatchObject({ status: worst, sentence: worst })
      all.pop()
    }
  })

  test('no evidence at all is an error', () => {
    expect(mergeEvidence([])).toMatchObject({ status: 'error' })
  })
})
