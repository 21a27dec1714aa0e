import type { TestResult, Verdict } from '#harness/gate'

const test = (file: string, name: string, tookMs: number): TestResult => ({
  file,
  name,
  status: 'passed',
  tookMs,
})

export const preDeployTests = [
  test('pre-deploy/service.suite.ts', 'every target of the stable fleet is healthy', 11),
  test('pre-deploy/service.suite.ts', 'the load balancer spans the zones of the group', 6),
  test('pre-deploy/revert.suite.ts', 'the way back is open', 4),
]
export const shiftTests = [
  test('shift/fleets.suite.ts', 'every target of every fleet is healthy', 9),
  test('shift/traffic.suite.ts', 'traffic is split as the weights say', 4),
  test('shift/traffic.suite.ts', 'the main page is the right one', 13),
]

export const passed = (sentence: string, n: Record<string, number>): Verdict => ({
  status: 'passed',
  sentence,
  evidence: [
    { metric: 'suite shift', status: 'passed', sentence: '3 of 3 tests passed' },
    { metric: 'error rate', status: 'passed', sentence, n, effect: 0, bound: 0.02, detectable: 0.031 },
    { metric: 'probe schedule', status: 'passed', sentence: 'lag p99 1.2 ms, 0 requests dropped' },
  ],
})
