import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Evidence, SuiteContext, SuiteRun } from '../../gate.ts'
import { judgeSuites } from '../verdict.ts'
import { createSuiteRunner, type WarmSuiteRunner } from './index.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-suites-')))
const printed: string[] = []
let runner: WarmSuiteRunner

const context: SuiteContext = {
  cloud: {
    kind: 'embedded',
    account: '123456789012',
    region: 'us-east-1',
    regions: ['us-east-1'],
    clock: { kind: 'real' },
    lacks: {},
  },
  service: {
    name: 'orders',
    region: 'us-east-1',
    entry: { loadBalancer: 'orders', listener: 80 },
    fleets: 'clone',
    url: '/',
  },
  phase: 'shift',
  release: { version: '2.0.0' },
  baseline: { version: '1.0.0' },
  thresholds: {
    errorRate: { ceiling: 0.02, alpha: 0.01 },
    latency: { p99: 500, slowdown: 1.5 },
    minRequests: 1,
  },
}

const PASSING = `import { test } from 'vitest'\ntest('passes', () => {})\n`

function suite(name: string, source: string): string {
  const file = join(root, `${name}.suite.ts`)
  writeFileSync(
    file,
    source.includes('vitest') ? source : `import { expect, inject, test } from 'vitest'\n${source}`,
  )
  return file
}

const run = (files: readonly string[], deadline = 15_000): Promise<SuiteRun> =>
  runner.run({ files, context, deadline })

/** A suite beside one that passes: what is wrong with the one must not hide behind the other. */
const runBesidePassing = async (
  name: string,
  source: string,
  deadline?: number,
): Promise<[Evidence, SuiteRun]> => {
  const result = await run([suite('passing', PASSING), suite(name, source)], deadline)
  return [judgeSuites(result), result]
}

beforeAll(async () => {
  symlinkSync(resolve(import.meta.dirname, '../../../node_modules'), join(root, 'node_modules'))
  runner = await createSuiteRunner({
    root,
    maxWorkers: 1,
    conditions: ['sluice-source'],
    log: (text) => printed.push(text),
  })
})

afterAll(async () => {
  await runner[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

const PID = `test('pid', () => { console.log('pid=' + process.pid) })`

async function workerPid(): Promise<string | undefined> {
  printed.length = 0
  expect(judgeSuites(await run([suite('pid', PID)])).status).toBe('passed')
  return /pid=\D*(\d+)/.exec(printed.join(''))?.[1]
}

test('a suite that passes in every respect passes', async () => {
  const [verdict, result] = await runBesidePassing('good', `test('good', () => {})`)
  expect(verdict.status).toBe('passed')
  expect(result.tests.map((each) => each.status)).toEqual(['passed', 'passed'])
})

test('every run sees the context that it was given, in a worker that stays up', async () => {
  const file = suite('context', `test('phase ' + inject('sluice').phase, () => {})\n${PID}`)
  const names: string[] = []
  printed.length = 0
  for (const phase of ['pre-deploy', 'shift', 'post-deploy'] as const) {
    const result = await runner.run({ files: [file], context: { ...context, phase }, deadline: 15_000 })
    names.push(...result.tests.map((each) => each.name))
  }
  expect(names.filter((name) => name !== 'pid')).toEqual([
    'phase pre-deploy',
    'phase shift',
    'phase post-deploy',
  ])
  const pids = printed.join('').match(/pid=\D*(\d+)/g)
  expect(pids).toHaveLength(3)
  expect(new Set(pids).size).toBe(1)
})

test('runs that overlap are made one after another, each with its own context', async () => {
  const file = suite('overlap', `test(inject('sluice').release.version, () => {})`)
  const versions = ['1', '2', '3']
  const results = await Promise.all(
    versions.map((version) =>
      runner.run({ files: [file], context: { ...context, release: { version } }, deadline: 15_000 }),
    ),
  )
  expect(results.map((result) => result.tests[0]?.name)).toEqual(versions)
})

test('what an earlier run left behind in the list of modules does not count in a later one', async () => {
  await run([suite('broken', `test('fails', () => { throw new Error('no') })`)])
  const result = await run([suite('passing', PASSING)])
  expect(result.finishedFiles.map((each) => each.file)).toEqual([join(root, 'passing.suite.ts')])
  expect(judgeSuites(result).status).toBe('passed')
})

test('a test that fails closes the gate with its own words', async () => {
  const [verdict] = await runBesidePassing('wrong', `test('adds up', () => { expect(1 + 1).toBe(3) })`)
  expect(verdict).toMatchObject({ status: 'failed', n: { failed: 1, passed: 1 } })
  expect(verdict.sentence).toContain('the check “adds up” failed: expected 2 to be 3')
})

test('a rejection that nobody handles closes the gate though every test passed', async () => {
  const [verdict, result] = await runBesidePassing(
    'late',
    `test('passes', () => { Promise.reject(new Error('nobody listened')) })`,
  )
  expect(result.tests.every((each) => each.status === 'passed')).toBe(true)
  expect(verdict).toMatchObject({ status: 'error' })
  expect(verdict.sentence).toContain('nobody listened')
})

test('an error thrown by a timer after the last test closes the gate', async () => {
  const [verdict] = await runBesidePassing(
    'later',
    `test('passes', () => { setTimeout(() => { throw new Error('after the end') }, 20) })`,
  )
  expect(verdict).toMatchObject({ status: 'error' })
  expect(verdict.sentence).toContain('after the end')
})

test('skipped tests do not open a gate, and say why they were skipped', async () => {
  const [verdict] = await runBesidePassing('skipping', `test('later', ({ skip }) => skip('not today'))`)
  expect(verdict).toMatchObject({ status: 'inconclusive' })
  expect(verdict.sentence).toContain('the check “later” was skipped: not today')
})

test('a test marked only is refused, for it would hide the others', async () => {
  const [verdict] = await runBesidePassing('only', `test.only('a', () => {})\ntest('b', () => {})`)
  expect(verdict.status).not.toBe('passed')
  expect(verdict.sentence).toContain('.only')
})

test('a test that passed when tried again is reported as flaky and does not open a gate', async () => {
  const [verdict, result] = await runBesidePassing(
    'flaky',
    `let n = 0\ntest('wavers', { retry: 2 }, () => { if (n++ === 0) throw new Error('first') })`,
  )
  expect(result.tests.find((each) => each.name === 'wavers')?.status).toBe('flaky')
  expect(verdict.status).toBe('inconclusive')
})

test('a test that fails with nothing but Inconclusive errors is inconclusive', async () => {
  const source = `class Inconclusive extends Error { override name = 'Inconclusive' }
    test('asks', () => { throw new Inconclusive('the API throttled') })`
  const [verdict] = await runBesidePassing('unclear', source)
  expect(verdict).toMatchObject({ status: 'inconclusive' })
  expect(verdict.sentence).toContain('could not be decided: the API throttled')
})

const PICKED = `test('the checkout answers', { tags: ['smoke'] }, () => {})
  test('the checkout is fast', () => { throw new Error('not picked') })
  test('the search answers', { tags: ['smoke'] }, () => { throw new Error('not picked') })
  test('the checkout takes orders', { tags: ['smoke'] }, () => {})`

async function runPicked(
  names: readonly string[],
  tags: readonly string[],
  source = PICKED,
): Promise<[Evidence, readonly string[]]> {
  await using own = await createSuiteRunner({ root, maxWorkers: 1, tags })
  const [built, file] = [suite('passing', PASSING), suite('picked', source)]
  const pick = { files: [file], names, tags }
  const result = await own.run({ files: [built, file], pick, context, deadline: 15_000 })
  return [judgeSuites(result), result.tests.map(({ name }) => name)]
}

test('of own suites only the tests that are picked by tag and name run; those of others all do', async () => {
  const [verdict, names] = await runPicked(['checkout'], ['smoke'])
  expect(names).toEqual(['passes', 'the checkout answers', 'the checkout takes orders'])
  expect(verdict.status).toBe('passed')
  const [, starred] = await runPicked(['check*answers'], [])
  expect(starred).toEqual(['passes', 'the checkout answers'])
})

test('a test that is picked and skips itself is told, and closes the gate', async () => {
  const [verdict] = await runPicked(['checkout'], [], `test('checkout', ({ skip }) => skip('not today'))`)
  expect(verdict).toMatchObject({ status: 'inconclusive', sentence: expect.stringContaining('not today') })
})

test('own suites of which nothing is picked are an error, not a pass', async () => {
  const [verdict] = await runPicked(['nobody'], ['smoke'])
  expect(verdict).toMatchObject({
    status: 'error',
    sentence: expect.stringContaining(
      'none of the tests in 1 own suite is picked by tags (smoke) and names (nobody)',
    ),
  })
})

test('a hook that fails closes the gate', async () => {
  const source = `import { afterAll, test } from 'vitest'
    test('passes', () => {})\nafterAll(() => { throw new Error('left a mess') })`
  const [verdict] = await runBesidePassing('hook', source)
  expect(verdict).toMatchObject({ status: 'failed' })
  expect(verdict.sentence).toContain('left a mess')
})

test('a suite that does not compile is an error that names the file and what the compiler said', async () => {
  const [verdict] = await runBesidePassing('syntax', `test('x', () => { const a = = 3 })`)
  expect(verdict).toMatchObject({ status: 'error' })
  expect(verdict.sentence).toContain('syntax.suite.ts')
  expect(verdict.sentence).toContain('Unexpected token')
})

test('a suite that imports what is not there is an error that names both', async () => {
  const [verdict] = await runBesidePassing('imports', `import './nowhere.ts'\ntest('x', () => {})`)
  expect(verdict).toMatchObject({ status: 'error' })
  expect(verdict.sentence).toMatch(/imports\.suite\.ts.*nowhere/s)
})

test('a file without a test, a file that is not there and no file at all are errors', async () => {
  expect((await runBesidePassing('none', `export {}`))[0]).toMatchObject({ status: 'error' })
  const absent = judgeSuites(await run([suite('passing', PASSING), join(root, 'absent.suite.ts')]))
  expect(absent).toMatchObject({ status: 'error' })
  expect(absent.sentence).toContain('absent.suite.ts does not exist')
  expect(judgeSuites(await run([]))).toMatchObject({ status: 'error', sentence: 'there is no suite to run' })
})

test('a worker that dies takes the verdict with it, and the next run gets a new one', async () => {
  const [verdict, result] = await runBesidePassing(
    'dies',
    `test('a', () => {})\ntest('b', () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}) })`,
  )
  expect(result.tests.some((each) => each.status === 'pending')).toBe(true)
  expect(verdict).toMatchObject({ status: 'error' })
  expect(verdict.sentence).toContain('SIGKILL')
  expect(judgeSuites(await run([suite('passing', PASSING)])).status).toBe('passed')
})

test('a worker that cannot start is an error, though Vitest then names no module at all', async () => {
  await using own = await createSuiteRunner({ root })
  const before = process.env['NODE_OPTIONS']
  process.env['NODE_OPTIONS'] = '--require /nowhere/at-all.cjs'
  try {
    const verdict = judgeSuites(
      await own.run({ files: [suite('passing', PASSING)], context, deadline: 15_000 }),
    )
    expect(verdict).toMatchObject({ status: 'error' })
  } finally {
    if (before === undefined) delete process.env['NODE_OPTIONS']
    else process.env['NODE_OPTIONS'] = before
  }
})

test('a suite that waits for ever ends at the deadline and is named', async () => {
  await run([suite('passing', PASSING)])
  const [verdict, result] = await runBesidePassing(
    'waits',
    `test('waits', () => new Promise(() => {}))`,
    1_500,
  )
  expect(result.timedOut).toBe(true)
  expect(verdict).toMatchObject({ status: 'error' })
  expect(verdict.sentence).toContain('waits.suite.ts > waits')
})

test('a suite in an endless loop is killed at the deadline, and the next run gets a new worker', async () => {
  const [verdict, result] = await runBesidePassing('loops', `test('loops', () => { for (;;) {} })`, 600)
  expect(result.timedOut).toBe(true)
  expect(verdict.status).toBe('error')
  expect(judgeSuites(await run([suite('passing', PASSING)])).status).toBe('passed')
})

test('an abort ends the run with its own reason, and the runner goes on', async () => {
  const controller = new AbortController()
  const file = suite('aborted', `test('waits', () => new Promise(() => {}))`)
  const aborted = runner.run({ files: [file], context, deadline: 15_000, signal: controller.signal })
  setTimeout(() => controller.abort(new Error('given up')), 300)
  await expect(aborted).rejects.toThrow('given up')
  expect(judgeSuites(await run([suite('passing', PASSING)])).status).toBe('passed')
})

test('a worker is replaced after a run that was not green', async () => {
  const first = await workerPid()
  expect(await workerPid()).toBe(first)
  await runBesidePassing('wrong', `test('fails', () => { throw new Error('no') })`)
  expect(await workerPid()).not.toBe(first)
})

test.each([
  ['a timer', `setInterval(() => {}, 60_000)`],
  ['a server', `createServer().listen(0)`],
])('a worker is replaced when a suite left %s behind', async (_what, code) => {
  const first = await workerPid()
  const source = `import { createServer } from 'node:net'\ntest('leaves', () => { ${code} })`
  expect((await runBesidePassing('leaves', source))[0].status).toBe('passed')
  expect(await workerPid()).not.toBe(first)
})

test('modules that a suite imports stay loaded between runs; the suite itself is evaluated again', async () => {
  writeFileSync(join(root, 'counter.ts'), `export const counter = { n: 0 }\n`)
  const file = suite('counting', `import { counter } from './counter.ts'\ntest('n=' + ++counter.n, () => {})`)
  const names = [await run([file]), await run([file])].map((result) => result.tests[0]?.name)
  expect(names).toEqual(['n=1', 'n=2'])
})

test('a suite shipped as JavaScript inside an installed package runs, again and again', async () => {
  const home = join(root, 'installed')
  const dist = join(home, 'node_modules/some-suites/dist')
  mkdirSync(join(dist, 'suites'), { recursive: true })
  const imports = { '#harness/*': './dist/*.js' }
  writeFileSync(
    join(home, 'node_modules/some-suites/package.json'),
    JSON.stringify({ type: 'module', imports }),
  )
  writeFileSync(join(dist, 'entry.js'), `export { expect, inject, test } from 'vitest'\n`)
  const file = join(dist, 'suites/shipped.suite.js')
  writeFileSync(
    file,
    `import { inject, test } from '#harness/entry'\ntest(inject('sluice').phase, () => {})\n`,
  )
  for (const phase of ['shift', 'post-deploy'] as const) {
    const result = await runner.run({ files: [file], context: { ...context, phase }, deadline: 15_000 })
    expect(judgeSuites(result)).toMatchObject({ status: 'passed' })
    expect(result.tests[0]?.name).toBe(phase)
  }
})

test('checking names every suite that does not compile or is not there', async () => {
  const files = [suite('passing', PASSING), suite('syntax', `const a = = 3`), join(root, 'absent.suite.ts')]
  await expect(runner.check(files)).rejects.toMatchObject({
    code: 'config',
    message: expect.stringMatching(
      /syntax\.suite\.ts does not compile.*Unexpected token.*absent\.suite\.ts does not exist/s,
    ),
  })
  await runner.check([suite('passing', PASSING)])
})

test('runs leave the exit code of the process alone and write no file', async () => {
  // Runs are serial: after this one, no warm-up of an earlier test is still under way.
  await runBesidePassing('right', PASSING)
  const files = readdirSync(root)
  const before = process.exitCode
  process.exitCode = 0
  await runBesidePassing('wrong', `test('fails', () => { throw new Error('no') })`)
  const after = process.exitCode
  process.exitCode = before
  expect(after).toBe(0)
  expect(readdirSync(root).filter((file) => !file.endsWith('.suite.ts'))).toEqual(
    files.filter((file) => !file.endsWith('.suite.ts')),
  )
})

test('a runner that is closed refuses to run and ends its workers', async () => {
  const own = await createSuiteRunner({ root })
  expect(
    judgeSuites(await own.run({ files: [suite('passing', PASSING)], context, deadline: 15_000 })).status,
  ).toBe('passed')
  await own[Symbol.asyncDispose]()
  await expect(own.run({ files: [suite('passing', PASSING)], context, deadline: 15_000 })).rejects.toThrow(
    'closed',
  )
})
