import { tellSettings } from '../check-settings.ts'
import type {
  Evidence,
  SuiteContext,
  SuiteRun,
  TestResult,
  TestStatus,
  Thresholds,
  Verdict,
  VerdictStatus,
} from '../gate.ts'

/** From the worst. A failure is told before an error of the gate itself: it is what harms users. */
const SEVERITY = ['failed', 'error', 'inconclusive', 'passed'] as const satisfies readonly VerdictStatus[]

/** What the config lets a gate open with. */
export type Lenience = Readonly<{ [Key in 'notRun' | 'flaky']?: Thresholds[Key] | undefined }>

/**
 * Whether a run of suites opens a gate. Vitest's own idea of success is not enough: it calls a run ok in which all
 * tests were skipped, a rejection came late, or a worker died. Only what ran and passed counts.
 */
export function judgeSuites(
  run: SuiteRun,
  metric = 'suites',
  { notRun = 'keep-shut', flaky = 'keep-shut' }: Lenience = {},
): Evidence {
  const n = countByStatus(run.tests)
  const judged = (status: VerdictStatus, sentence: string): Evidence => ({ metric, status, sentence, n })

  const failed = run.tests.filter((test) => test.status === 'failed')
  const [firstFailed] = failed
  if (firstFailed) return judged('failed', `${tell(firstFailed)}${more(failed.length, 'failed')}`)

  const error = findError(run)
  if (error) return judged('error', error)

  const excused = run.tests.filter((test) => test.leftOut || (notRun === 'allow' && test.notRun))
  const again = flaky === 'allow' ? run.tests.filter(({ status }) => status === 'flaky') : []
  const fine = new Set([...excused, ...again])
  const unclear = run.tests.filter((test) => test.status !== 'passed' && !fine.has(test))
  const [firstUnclear] = unclear
  if (firstUnclear)
    return judged('inconclusive', `${tell(firstUnclear)}${more(unclear.length, 'did not pass')}`)

  if (excused.length > 0) return judgeTheRest(run, excused, judged)
  const notPassed = run.finishedFiles.find((file) => file.state !== 'passed')
  if (notPassed) return judged('error', `${notPassed.file} ended as ${notPassed.state}, not as passed`)
  if (run.ended !== 'passed') return judged('error', `the run of the suites ended as ${run.ended}`)
  if (run.tests.length === 0) return judged('error', 'not one test ran')
  const files = run.requestedFiles.length
  const wavered = again.length > 0 ? `, ${again.length} of them only when tried again` : ''
  return judged('passed', `${plural(run.tests.length, 'test')} in ${plural(files, 'suite')} passed${wavered}`)
}

/** AWS and the embedded cloud lack nothing that suites look at: what could not run there shuts the gate, whatever was set. */
export const allowance = ({ cloud, thresholds }: Pick<SuiteContext, 'cloud' | 'thresholds'>): Lenience => ({
  notRun: cloud.kind === 'live' || cloud.kind === 'embedded' ? 'keep-shut' : thresholds.notRun,
  flaky: thresholds.flaky,
})

/** Of what did run everything passed; Vitest calls files failed in which something could not run. */
function judgeTheRest(
  run: SuiteRun,
  excused: readonly TestResult[],
  judged: (status: VerdictStatus, sentence: string) => Evidence,
): Evidence {
  const unclear = run.finishedFiles.find(({ state }) => state !== 'passed' && state !== 'failed')
  if (unclear) return judged('error', `${unclear.file} ended as ${unclear.state}, not as passed`)
  const out = excused.filter(({ leftOut }) => leftOut)
  const unable = excused.filter(({ leftOut }) => !leftOut)
  const tellAll = (tests: readonly TestResult[], what: string): string[] =>
    tests.length === 0
      ? []
      : [`${plural(tests.length, 'test')} ${what}${tests[0]?.message ? `: ${tests[0].message}` : ''}`]
  const why = [
    ...tellAll(unable, 'could not run'),
    ...tellAll(out, out.length === 1 ? 'was left out' : 'were left out'),
  ].join('; ')
  const passed = run.tests.length - excused.length
  if (passed === 0) return judged('inconclusive', why)
  return judged('passed', `${plural(passed, 'test')} passed; ${why}`)
}

/** What makes a run impossible to judge, if anything does. */
function findError(run: SuiteRun): string | undefined {
  if (run.requestedFiles.length === 0) return 'there is no suite to run'
  if (run.timedOut) return `the suites did not end within their deadline${latest(run.tests)}`
  const [unhandled] = run.unhandledErrors
  if (unhandled !== undefined) return `an error outside of any test: ${unhandled}`
  for (const file of run.finishedFiles) {
    if (file.errors.length > 0) return `${file.file} could not run: ${file.errors.join('\n')}`
  }
  const finished = new Set(run.finishedFiles.map((file) => file.file))
  const absent = run.requestedFiles.find((file) => !finished.has(file))
  if (absent !== undefined) return `${absent} did not run`
  const pending = run.tests.find((test) => test.status === 'pending')
  if (pending) return `${pending.file} > ${pending.name} did not end`
  if (run.ended === 'interrupted') return 'the run of the suites was interrupted'
  return undefined
}

/** The test that was under way when a run was stopped, if one is known. Those that never began say nothing. */
function latest(tests: readonly TestResult[]): string {
  const stopped = tests.filter(({ status }) => status === 'pending' || status === 'skipped')
  const test = stopped.find(({ message }) => message !== undefined) ?? stopped[0]
  return test ? `: ${test.file} > ${test.name} had not ended` : ''
}

/** What the config says of checks stands, with its reasons, beside what the first gate saw. */
export const settingsEvidence = ({ phase, checks }: Pick<SuiteContext, 'phase' | 'checks'>): Evidence[] =>
  phase === 'pre-deploy'
    ? tellSettings(checks).map((sentence) => ({ metric: 'config', status: 'passed', sentence }))
    : []

/** Weighs all evidence of a gate. The worst decides; without any evidence nothing was proven. */
export function mergeEvidence(evidence: readonly Evidence[]): Verdict {
  const status = SEVERITY.find((candidate) => evidence.some((item) => item.status === candidate))
  if (status === undefined) return { status: 'error', sentence: 'there is no evidence to judge by', evidence }
  const deciding = evidence.filter((item) => item.status === status).map((item) => item.sentence)
  const sentence = status === 'passed' ? deciding.slice(0, 2).join('; ') : (deciding[0] ?? status)
  return { status, sentence, evidence }
}

function countByStatus(tests: readonly TestResult[]): Record<string, number> {
  const counts: Partial<Record<TestStatus, number>> = {}
  for (const { status } of tests) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`

const more = (n: number, what: string): string => (n > 1 ? ` (and ${n - 1} more ${what})` : '')

const VERBS: Record<TestStatus, string> = {
  passed: 'passed',
  failed: 'failed',
  inconclusive: 'could not be decided',
  skipped: 'was skipped',
  pending: 'did not end',
  flaky: 'passed only when tried again',
}

/** The first line says what was seen; the rest stands with the test itself. */
function tell(test: TestResult): string {
  const [because = ''] = test.message?.trim().split('\n') ?? []
  const title = test.name.split(' > ').at(-1)
  return `the check “${title}” ${VERBS[test.status]}${because ? `: ${because}` : ''}`
}
