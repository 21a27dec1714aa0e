import { describe, expect, test } from 'vitest'
import type { CloudAddress, CloudKind } from '../cloud.ts'
import type { Evidence, SuiteRun, TestResult, VerdictStatus } from '../gate.ts'
import { allowance, judgeSuites, mergeEvidence } from './verdict.ts'

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
  test('tests that the config leaves out shut no gate, and do not open one by themselves', () => {
    const out: TestResult = { ...passed, status: 'skipped', leftOut: true, message: 'zones is left out: why' }
    const files = [{ file: '/a.suite.ts', state: 'failed', errors: [] }]
    const run: SuiteRun = { ...green, ended: 'failed', finishedFiles: files }
    expect(judgeSuites({ ...run, tests: [passed, out] })).toMatchObject({
      status: 'passed',
      sentence: '1 test passed; 1 test was left out: zones is left out: why',
    })
    expect(judgeSuites({ ...run, tests: [out, out] }).status).toBe('inconclusive')
    expect(judgeSuites({ ...run, tests: [out, { ...passed, status: 'failed' }] }).status).toBe('failed')
  })

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

  const notRun: TestResult = { ...passed, status: 'skipped', message: 'no data-plane', notRun: true }
  const partly: SuiteRun = {
    ...green,
    ended: 'failed',
    finishedFiles: [{ file: '/a.suite.ts', state: 'failed', errors: [] }],
    tests: [passed, notRun],
  }

  test('a test that could not run on this cloud leaves it open, unless that is allowed', () => {
    expect(judgeSuites(partly)).toMatchObject({ status: 'inconclusive' })
    expect(judgeSuites(partly, 'suites', { notRun: 'allow' })).toMatchObject({
      status: 'passed',
      sentence: '1 test passed; 1 test could not run: no data-plane',
    })
  })

  test.each<[string, Partial<SuiteRun>, VerdictStatus]>([
    ['nothing ran', { tests: [notRun] }, 'inconclusive'],
    ['another was skipped', { tests: [passed, notRun, { ...passed, status: 'skipped' }] }, 'inconclusive'],
    ['another failed', { tests: [passed, notRun, { ...passed, status: 'failed' }] }, 'failed'],
    ['the run was interrupted', { ended: 'interrupted' }, 'error'],
    [
      'another file was skipped',
      {
        requestedFiles: ['/a.suite.ts', '/b.suite.ts'],
        finishedFiles: [...partly.finishedFiles, { file: '/b.suite.ts', state: 'skipped', errors: [] }],
      },
      'error',
    ],
  ])('where that is allowed it still does not pass when %s', (_why, change, status) => {
    expect(judgeSuites({ ...partly, ...change }, 'suites', { notRun: 'allow' }).status).toBe(status)
  })

  test('it is never allowed on AWS itself, nor on the embedded cloud', () => {
    const thresholds = {
      errorRate: { ceiling: 0.02, alpha: 0.01 },
      latency: { p99: 500, slowdown: 1.5 },
      minRequests: 1,
      notRun: 'allow',
    } as const
    const of = (kind: CloudKind) => {
      const address = { account: '1', region: 'us-east-1', regions: [], clock: { kind: 'real' }, lacks: {} }
      return allowance({ thresholds, cloud: { ...address, kind } as CloudAddress }).notRun
    }
    expect(['live', 'embedded', 'endpoint', 'localstack'].map((kind) => of(kind as CloudKind))).toEqual([
      'keep-shut',
      'keep-shut',
      'allow',
      'allow',
    ])
  })

  test('a test that passed only when tried again opens nothing, unless that is allowed, and is told either way', () => {
    const wavering: SuiteRun = { ...green, tests: [passed, { ...passed, name: 'wavers', status: 'flaky' }] }
    expect(judgeSuites(wavering)).toMatchObject({
      status: 'inconclusive',
      sentence: 'the check “wavers” passed only when tried again',
    })
    expect(judgeSuites(wavering, 'suites', { flaky: 'allow' })).toMatchObject({
      status: 'passed',
      sentence: '2 tests in 1 suite passed, 1 of them only when tried again',
    })
    const skipped: TestResult = { ...passed, status: 'skipped' }
    const both = { ...wavering, tests: [...wavering.tests, skipped] }
    expect(judgeSuites(both, 'suites', { flaky: 'allow' }).status).toBe('inconclusive')
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
