import { globSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { startCloud } from '#fixtures/clouds/start'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { addCandidate } from '#harness/checks/sample-world'
import { wallClock } from '#harness/clock'
import { observeService } from '#harness/converge/observe'
import type { SuiteContext, TrafficCount } from '#harness/gate'
import { judgeSuites } from '#harness/gate/verdict'
import { createSuiteRunner } from '#harness/gate/vitest/index'
import type { Row } from './row.ts'

const ROOT = resolve(import.meta.dirname, '..')
const RUNS = 25

const ok = (version: string): TrafficCount => ({ version, lane: 'fresh', outcome: 'ok', n: 250 })

/**
 * The whole default suite of a shift, as the gate of a canary at its half runs it: against a cloud in a process of its
 * own, in the warm workers of a deployment, the service just observed and the traffic handed over.
 */
export async function shiftGateBench(): Promise<Row[]> {
  await using cloud = await startCloud({
    kind: 'embedded',
    timeScale: 60,
    settle: 'fast',
    seed: 1,
    region: 'us-east-1',
  })
  const sample = await createSampleService(cloud, {
    name: 'orders',
    release: { version: '1.0.0' },
    capacity: 2,
  })
  const observe = () => observeService(cloud, sample.ref)
  const before = await observe()
  const observed = await addCandidate({ cloud, sample, observe }, [], 2)
  const planned = 500
  const context: SuiteContext = {
    cloud: cloud.address,
    service: sample.ref,
    phase: 'shift',
    release: { version: '2.0.0' },
    baseline: { version: '1.0.0' },
    thresholds: {
      errorRate: { ceiling: 0.02, alpha: 0.01 },
      latency: { p99: 500, slowdown: 1.5 },
      minRequests: 300,
    },
    stage: { index: 2, name: 'canary 50%', shares: observed.shares },
    look: 'closing',
    before,
    observed,
    traffic: {
      from: cloud.clock.now(),
      stage: 'canary 50%',
      counts: [ok('1.0.0'), ok('2.0.0')],
      latency: {},
      schedule: { planned, sent: planned, dropped: 0, lagP99: 1 },
    },
  }
  const files = globSync('suites/shift/*.suite.ts', { cwd: ROOT }).map((file) => join(ROOT, file))
  await using runner = await createSuiteRunner({ root: ROOT })
  const times: number[] = []
  let tests = 0
  for (let i = 0; i <= RUNS; i++) {
    const started = wallClock.now()
    const run = await runner.run({ files, context, deadline: 60_000 })
    times.push(wallClock.now() - started)
    const { status, sentence } = judgeSuites(run)
    if (status !== 'passed') throw new Error(`the suites to be measured did not pass: ${sentence}`)
    tests = run.tests.length
  }
  // The first starts the workers.
  const sorted = times.slice(1).sort((a, b) => a - b)
  const value = sorted[sorted.length >> 1] ?? Number.NaN
  return [
    {
      figure: `warm gate of the default shift suite (${tests} tests)`,
      value,
      unit: 'ms',
      bound: { atMost: 100 },
      note: `${sorted[0]?.toFixed(0)} to ${sorted.at(-1)?.toFixed(0)} ms in ${RUNS} runs`,
    },
  ]
}
