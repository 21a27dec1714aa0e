import { relative } from 'node:path'
import type { SerializedError, TestCase, TestModule, TestRunEndReason, TestSuite } from 'vitest/node'
import type { SuiteRun, TestPick, TestResult, TestStatus } from '../../gate.ts'
import { isPicked, withoutUnpicked } from './pick.ts'

/** What Vitest said at the end of one run, and only of that run. */
export interface Ending {
  readonly modules: readonly TestModule[]
  readonly unhandledErrors: readonly SerializedError[]
  readonly reason: TestRunEndReason
}

type Failure = Pick<SerializedError, 'name' | 'message' | 'stack' | 'stacks' | 'cause'>

/** Turns what Vitest reports into plain data, without judging it. */
export function collectRun(
  ending: Ending,
  run: Pick<SuiteRun, 'requestedFiles' | 'timedOut' | 'tookMs'> & {
    readonly root: string
    readonly pick: TestPick | undefined
  },
): SuiteRun {
  const { root, requestedFiles, timedOut, tookMs, pick } = run
  const all = ending.modules.flatMap((module) => {
    const tests = [...module.children.allTests()]
    return tests.length > 0 && !tests.some((test) => wasPicked(test, module, pick)) ? [module.moduleId] : []
  })
  const seen: SuiteRun = {
    ended: ending.reason,
    requestedFiles,
    finishedFiles: ending.modules.map((module) => ({
      file: module.moduleId,
      state: module.state(),
      errors: module.errors().map(describe),
    })),
    tests: ending.modules.flatMap((module) => testsOf(module, relative(root, module.moduleId), pick)),
    unhandledErrors: ending.unhandledErrors.map(describe),
    timedOut,
    tookMs,
  }
  return withoutUnpicked(seen, pick, new Set(all))
}

const wasPicked = (test: TestCase, { moduleId }: TestModule, pick: TestPick | undefined): boolean =>
  isPicked({ file: moduleId, titles: test.fullName.split(' > '), tags: test.tags }, pick)

function testsOf(module: TestModule, file: string, pick: TestPick | undefined): TestResult[] {
  const ran = [...module.children.allTests()].filter((test) => wasPicked(test, module, pick))
  const tests = ran.map((test) => resultOf(test, file))
  // A hook that fails belongs to no test; it is told as one, or its tests would only seem to be skipped.
  const hooks = [...module.children.allSuites()].flatMap((suite) => hookFailure(suite, suite.fullName, file))
  const own = tests.length > 0 ? hookFailure(module, 'before or after all', file) : []
  return [...tests, ...hooks, ...own]
}

function hookFailure(suite: TestSuite | TestModule, name: string, file: string): TestResult[] {
  const errors = suite.errors()
  if (errors.length === 0) return []
  return [{ file, name, status: failureStatus(errors), tookMs: 0, message: errors.map(describe).join('\n') }]
}

function resultOf(test: TestCase, file: string): TestResult {
  const result = test.result()
  const base = { file, name: test.fullName, tookMs: test.diagnostic()?.duration ?? 0 }
  switch (result.state) {
    case 'passed':
      return { ...base, status: test.diagnostic()?.flaky ? 'flaky' : 'passed' }
    case 'failed': {
      const message = result.errors.map(describe).join('\n')
      const status = failureStatus(result.errors)
      const leftOut = result.errors.some(({ name }) => name === 'LeftOut')
      const why = leftOut ? { leftOut } : { notRun: true }
      return { ...base, status, message, ...(status === 'skipped' ? why : {}) }
    }
    case 'skipped':
      return { ...base, status: 'skipped', ...(result.note === undefined ? {} : { message: result.note }) }
    case 'pending':
      return { ...base, status: 'pending' }
  }
}

/** What tests throw that have not failed. */
const NO_FAILURES = ['Inconclusive', 'NotRun', 'LeftOut']

/** A check that could not be made says so by the name of its error; one real failure outweighs any number of them. */
function failureStatus(errors: readonly Failure[]): TestStatus {
  const names = new Set(errors.map(({ name }) => name))
  if (names.size === 1 && (names.has('NotRun') || names.has('LeftOut'))) return 'skipped'
  const unclear = names.size > 0 && [...names].every((name) => NO_FAILURES.includes(name ?? ''))
  return unclear ? 'inconclusive' : 'failed'
}

function describe(error: Failure): string {
  const name = error.name && !['Error', 'AssertionError', ...NO_FAILURES].includes(error.name)
  const message = stripAnsi(error.message || String(error))
  const text = name && !message.startsWith(`${error.name}`) ? `${error.name}: ${message}` : message
  const cause = error.cause && typeof error.cause === 'object' ? (error.cause as Failure) : undefined
  return cause?.message ? `${text} (${describe(cause)})` : text
}

function stripAnsi(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour sequences begin with the control character escape
  return text.replace(/\u001b\[[0-9;]*m/g, '')
}
