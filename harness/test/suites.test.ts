import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CreateOrUpdateTagsCommand, SuspendProcessesCommand } from '@aws-sdk/client-auto-scaling'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addCandidate, openSampleWorld, type SampleWorld } from '../checks/sample-world.ts'
import type { Cloud } from '../cloud.ts'
import { judgeSuites } from '../gate/verdict.ts'
import { createSuiteRunner, type WarmSuiteRunner } from '../gate/vitest/index.ts'
import type { SuiteContext, SuiteRun } from '../gate.ts'
import type { GatePhase, ServiceSnapshot } from '../strategy.ts'

/** The built-in suites, run as a gate runs them: in a worker that reaches the cloud over its sockets. */
const root = fileURLToPath(new URL('../..', import.meta.url))
let runner: WarmSuiteRunner
beforeAll(async () => {
  // One at a time: suites that do harm must not meet each other's.
  runner = await createSuiteRunner({ root, conditions: ['sluice-source'], maxWorkers: 1 })
}, 60_000)
afterAll(() => runner[Symbol.asyncDispose]())

const forBeta = (defect: { readonly kind: string }) => ({
  ...defect,
  client: { header: 'x-group', value: 'beta' },
})

const [stable, candidate] = [{ version: '1.0.0' }, { version: '2.0.0' }]

const contextOf = (world: SampleWorld, phase: GatePhase): SuiteContext => ({
  cloud: (world.cloud satisfies Cloud).address,
  service: world.sample.ref,
  phase,
  release: stable,
  baseline: stable,
  thresholds: {
    errorRate: { ceiling: 0.02, alpha: 0.01 },
    latency: { p99: 500, slowdown: 1.5 },
    minRequests: 300,
  },
})

/** The context of a gate in the midst of a deployment. */
const stageOf = (
  world: SampleWorld,
  phase: GatePhase,
  before: ServiceSnapshot,
  shares: ServiceSnapshot['shares'],
): SuiteContext => ({
  ...contextOf(world, phase),
  release: candidate,
  before,
  stage: { index: 2, name: 'canary 50%', shares },
})

const run = (context: SuiteContext): Promise<SuiteRun> =>
  runner.run({
    files: globSync(`suites/${context.phase}/*.suite.ts`, { cwd: root }).map((file) => `${root}${file}`),
    context,
    deadline: 60_000,
  })

const statuses = ({ tests }: SuiteRun): readonly string[] => [...new Set(tests.map(({ status }) => status))]
const failures = ({ tests }: SuiteRun): string =>
  tests.flatMap(({ status, name, message }) => (status === 'passed' ? [] : `${name}: ${message}`)).join('\n')

test('all suites pass on a sound service without a deployment', { timeout: 120_000 }, async () => {
  await using world = await openSampleWorld(2)
  for (const phase of ['pre-deploy', 'shift', 'post-deploy', 'resilience'] as const) {
    const result = await run(contextOf(world, phase))
    expect(failures(result)).toBe('')
    expect(statuses(result)).toEqual(['passed'])
  }
})

test('a suite is given all that it may ask for by name', { timeout: 120_000 }, async () => {
  await using world = await openSampleWorld(2)
  const before = await world.observe()
  const schedule = { planned: 3, sent: 3, dropped: 0, lagP99: 1 }
  const counts = [
    { version: '1.0.0', lane: 'fresh', outcome: 'ok', n: 2 },
    { version: '', lane: 'fresh', outcome: 'reset', n: 1 },
  ] as const
  const traffic = { from: 0, stage: 'canary 50%', counts, latency: {}, schedule }
  const context = { ...stageOf(world, 'shift', before, before.shares), traffic }
  const file = fileURLToPath(new URL('./every-fixture.suite.ts', import.meta.url))
  const result = await runner.run({ files: [file], context, deadline: 60_000 })
  expect(failures(result)).toBe('')
  expect(result.tests).toHaveLength(1)
})

test('a good candidate passes shift, and is not yet what post-deploy wants', {
  timeout: 120_000,
}, async () => {
  await using world = await openSampleWorld(2)
  const before = await world.observe()
  const { shares } = await addCandidate(world)
  const shift = await run(stageOf(world, 'shift', before, shares))
  expect(failures(shift)).toBe('')
  expect(shift.ended).toBe('passed')
  const after = failures(await run(stageOf(world, 'post-deploy', before, shares)))
  expect(after).toMatch(/only the new version is served: .*1\.0\.0 \d+ times/s)
})

test('a candidate with a wrong main page fails shift with what was seen', { timeout: 120_000 }, async () => {
  await using world = await openSampleWorld(2)
  const before = await world.observe()
  const { shares } = await addCandidate(world, [{ kind: 'wrong-page' }])
  const result = await run(stageOf(world, 'shift', before, shares))
  expect(result.ended).toBe('failed')
  expect(failures(result)).toMatch(/main page of the same kind as 1\.0\.0 has; saw text\/html/)
})

test.each([
  [
    'answers one group of clients with errors',
    forBeta({ kind: 'error' }),
    /clients with x-group: beta.*500/s,
  ],
  ['does not understand old neighbours', { kind: 'incompatible-neighbour' }, /neighbours.*asked by 1\.0\.0/s],
])('a candidate that %s fails its first stage', { timeout: 120_000 }, async (_, defect, message) => {
  await using world = await openSampleWorld(2)
  const before = await world.observe()
  const { shares } = await addCandidate(world, [defect])
  const context = stageOf(world, 'shift', before, shares)
  const stage = { index: 0, name: 'canary 50%', shares }
  const clients = [{ header: { 'x-group': 'beta' } }]
  const result = await run({ ...context, stage, clients } as SuiteContext)
  expect(failures(result)).toMatch(message)
  expect(result.tests.filter(({ status }) => status !== 'passed')).toHaveLength(1)
})

test('a service that was changed behind its deployment is told with what was expected, seen, and where to look', {
  timeout: 120_000,
}, async () => {
  await using world = await openSampleWorld(2)
  const tag = { ResourceType: 'auto-scaling-group', ResourceId: 'orders', PropagateAtLaunch: false }
  const Tags = [{ ...tag, Key: 'sluice:release', Value: '0.9.0' }]
  await world.cloud.region().autoScaling.send(new CreateOrUpdateTagsCommand({ Tags }))
  const context = contextOf(world, 'pre-deploy')
  const thresholds = { ...context.thresholds, alarms: ['absent'] }
  const text = failures(await run({ ...context, thresholds, release: { version: '0.9.0' } }))
  expect(text).toMatch(
    /since its last deployment: orders: expected release 0\.9\.0.*; saw lt-\w+ version 1 of 1\.0\.0\n {2}→ .*find out who/,
  )
  expect(text).toMatch(
    /are quiet: alarm absent: expected OK; saw there is no such alarm .*\(inconclusive\)\n {2}→ /,
  )
})

test('a check is left out or told something by the config alone, with the reason where it would have failed', {
  timeout: 120_000,
}, async () => {
  await using world = await openSampleWorld(2)
  const processes = { AutoScalingGroupName: 'orders', ScalingProcesses: ['AlarmNotification'] }
  await world.cloud.region().autoScaling.send(new SuspendProcessesCommand(processes))
  const context = contextOf(world, 'pre-deploy')
  expect(failures(await run(context))).toMatch(/no process of its group is suspended: .*AlarmNotification/s)

  const skipped = await run({ ...context, checks: { 'suspended-processes': { skip: 'a person scales it' } } })
  expect(skipped.tests.filter(({ status }) => status !== 'passed')).toMatchObject([
    {
      status: 'skipped',
      leftOut: true,
      message: 'suspended-processes is left out by the config: a person scales it',
    },
  ])
  expect(judgeSuites(skipped)).toMatchObject({
    status: 'passed',
    sentence: expect.stringMatching(/tests passed; 1 test was left out: suspended-processes .* scales it$/),
  })

  const told = { allowed: ['AlarmNotification'], because: 'a person scales it' }
  expect(failures(await run({ ...context, checks: { 'suspended-processes': told } }))).toBe('')
})

test('traffic on another fleet than the stable one fails pre-deploy', { timeout: 120_000 }, async () => {
  await using world = await openSampleWorld(2)
  await addCandidate(world)
  expect(failures(await run(contextOf(world, 'pre-deploy')))).toMatch(
    /only the stable fleet gets traffic: .*saw weights orders 50, orders-2-0-0 50.*looked \d+ times/s,
  )
})

test('a cloud that cannot be reached makes every test inconclusive', { timeout: 120_000 }, async () => {
  await using world = await openSampleWorld(2)
  const context = contextOf(world, 'post-deploy')
  const gone = { ...context.cloud, endpoint: 'http://127.0.0.1:9' }
  const result = await run({ ...context, cloud: gone })
  expect(statuses(result)).toEqual(['inconclusive'])
  expect(failures(result)).toMatch(/orders could not be observed: .*ECONNREFUSED/)
})
