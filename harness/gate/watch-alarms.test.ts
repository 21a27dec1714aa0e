import { PutMetricAlarmCommand, SetAlarmStateCommand, type StateValue } from '@aws-sdk/client-cloudwatch'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { alarmsQuiet } from '../checks/alarms-quiet.ts'
import { scaledClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import type { SuiteContext, SuiteRunner } from '../gate.ts'
import { createTrafficLedger } from '../probe/ledger.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type GateInput, type GateResult, runGate } from './run-gate.ts'
import { alsoWatchAlarms } from './watch-alarms.ts'

const clock = scaledClock(60)
const HOUR = 3_600_000

let embedded: EmbeddedCloud
let cloud: Cloud
beforeAll(async () => {
  embedded = await createEmbeddedCloud({ clock, settle: 'instant' })
  cloud = connectCloud(embedded.address)
})
afterAll(async () => {
  await cloud[Symbol.asyncDispose]()
  await embedded[Symbol.asyncDispose]()
})
afterEach(async () => (await embedded.chaos()).clear())

async function set(AlarmName: string, StateValue: StateValue, StateReason = 'set by hand'): Promise<void> {
  await cloud.region().cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason }))
}

/** An alarm whose state is what it is set to: without data it stays as it is. */
async function alarm(AlarmName: string, state: StateValue): Promise<void> {
  await cloud.region().cloudWatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      Namespace: 'shop',
      MetricName: AlarmName,
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'ignore',
    }),
  )
  await set(AlarmName, state)
}

const service = { scope: 'orders@us-east-1', region: 'us-east-1' } as ServiceSnapshot
const alarmsNamed = (...names: readonly string[]) => ({
  names,
  look: (signal: AbortSignal) => alarmsQuiet(cloud, service, { names, signal }),
})

const green: SuiteRunner = {
  run: async ({ files }) => ({
    ended: 'passed',
    requestedFiles: files,
    finishedFiles: files.map((file) => ({ file, state: 'passed', errors: [] })),
    tests: [{ file: 'a.suite.ts', name: 'works', status: 'passed', tookMs: 1 }],
    unhandledErrors: [],
    timedOut: false,
    tookMs: 1,
  }),
  [Symbol.asyncDispose]: async () => {},
}

/** A gate whose suites pass and which has no traffic to judge: the alarms decide. */
function judge(names: readonly string[], spec: Partial<GateInput['spec']> = {}): Promise<GateResult> {
  const thresholds = {
    errorRate: { ceiling: 0.02, alpha: 0.01 },
    latency: { p99: 500, slowdown: 1.5 },
    minRequests: 300,
  }
  return runGate({
    spec: { suites: 'shift', bake: 12_000, extend: 0, ...spec },
    stage: { index: 0, name: 'canary 5%', shares: {} },
    files: ['/a.suite.ts'],
    context: { cloud: cloud.address, thresholds } as SuiteContext,
    runner: green,
    view: createTrafficLedger(),
    before: 'before',
    flush: async () => {},
    candidate: '2.0.0',
    stable: '1.0.0',
    thresholds,
    clock,
    signal: new AbortController().signal,
    probe: false,
    alarms: alarmsNamed(...names),
  })
}

test('alarms that stay OK let a gate open, and are its evidence', async () => {
  await alarm('calm', 'OK')
  expect((await judge(['calm'])).verdict).toMatchObject({
    status: 'passed',
    evidence: [{ metric: 'suites shift' }, { metric: 'alarms', sentence: 'the alarm calm is OK' }],
  })
})

test('an alarm that goes off closes the gate at once, in the middle of the bake, with its reason', async () => {
  await alarm('late', 'OK')
  clock.wall.timer(150, () => void set('late', 'ALARM', 'five errors in a minute'))
  const { verdict, bakedMs } = await judge(['late'], { bake: HOUR })
  expect(verdict).toMatchObject({
    status: 'failed',
    sentence: 'alarm late went off: ALARM: five errors in a minute',
    evidence: [{ metric: 'alarms', status: 'failed' }],
  })
  expect(bakedMs).toBeLessThan(HOUR / 10)
})

test('a gate without a bake is closed by an alarm too', async () => {
  await alarm('early', 'ALARM')
  expect((await judge(['early'], { bake: 0 })).verdict.status).toBe('failed')
})

test.each([
  ['has too little data', ['blind'], /alarm blind: INSUFFICIENT_DATA: set by hand \(.*notBreaching/],
  ['is not there', ['absent'], /alarm absent: there is no such alarm in us-east-1/],
])('an alarm that %s keeps a gate shut, undecided', async (_what, names, sentence) => {
  await alarm('blind', 'INSUFFICIENT_DATA')
  const { verdict } = await judge(names)
  expect(verdict).toMatchObject({ status: 'inconclusive', sentence: expect.stringMatching(sentence) })
})

test('an alarm that gets its data while the bake is extended opens the gate', async () => {
  await alarm('slow', 'INSUFFICIENT_DATA')
  clock.wall.timer(300, () => void set('slow', 'OK'))
  const { verdict, bakedMs } = await judge(['slow'], { extend: 60_000 })
  expect(verdict.status).toBe('passed')
  expect(bakedMs).toBeGreaterThan(12_000)
})

test.each(['sluice:deny-api', 'aws:fis:inject-api-internal-error'] as const)(
  'alarms that cannot be read (%s) keep a gate shut, undecided',
  async (action) => {
    await alarm('hidden', 'OK')
    const chaos = await embedded.chaos()
    chaos.inject({ action, parameters: { service: 'cloudwatch' } })
    expect((await judge(['hidden'])).verdict).toMatchObject({
      status: 'inconclusive',
      sentence: expect.stringContaining('alarm hidden: '),
    })
  },
)

test('an alarm that goes off between two gates is a breach; one that is watched no more is not', async () => {
  await alarm('between', 'OK')
  const traffic = { signal: new AbortController().signal, [Symbol.dispose]: () => {} }
  const ended = alsoWatchAlarms(traffic, alarmsNamed('between'), clock)
  ended[Symbol.dispose]()
  using watch = alsoWatchAlarms(traffic, alarmsNamed('between'), clock)
  await set('between', 'ALARM', 'at last')
  await expect.poll(() => watch.signal.aborted, { timeout: 5_000 }).toBe(true)
  expect(watch.signal.reason).toMatchObject({
    code: 'breach',
    message: 'alarm between went off: ALARM: at last',
  })
  expect(ended.signal.aborted).toBe(false)
})
