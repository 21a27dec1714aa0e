import { whyNotApplicable } from '../../checks/applies.ts'
import { nameOf } from '../../checks/index.ts'
import { deadline } from '../../clock.ts'
import type { Cloud } from '../../cloud.ts'
import { observeService } from '../../converge/observe.ts'
import { describeError, SluiceError } from '../../errors.ts'
import type { SuiteContext, SuiteRequest, SuiteRun, SuiteRunner, TestResult } from '../../gate.ts'
import type { GatePhase, ServiceSnapshot } from '../../strategy.ts'
import { asConfigured } from '../../test/configured.ts'
import { LeftOut } from '../../test/inconclusive.ts'
import { messageOf } from '../../test/message.ts'
import { type Settled, settle } from '../../test/settle.ts'
import { type DirectTest, type Look, SUITES } from './tests.ts'

/** What a runner of this kind is given as the files of a phase: the built-in suites, and nothing else. */
export const directFiles = (phase: GatePhase): readonly string[] =>
  phase === 'resilience' ? [] : Object.keys(SUITES[phase]).map((suite) => `suites/${phase}/${suite}`)

/**
 * Makes the checks of the built-in suites in this very process, on the cloud's own clock: for simulation, whose time
 * no worker could share. What comes of them is judged as ever.
 */
export function directRunner(cloud: Cloud): SuiteRunner {
  return {
    run: (request) => run(cloud, request),
    [Symbol.asyncDispose]: async () => {},
  }
}

async function run(cloud: Cloud, request: SuiteRequest): Promise<SuiteRun> {
  const { files, context } = request
  const { wall } = cloud.clock
  const began = wall.now()
  const late = (): Error => new SluiceError('timeout', `the suites did not end within ${request.deadline} ms`)
  using limit = deadline(wall, request.deadline, late, request.signal)
  const { signal } = limit
  let tests: readonly TestResult[] = []
  const errors: string[] = []
  try {
    const service = context.observed ?? (await observeService(cloud, context.service, signal))
    const subject = { cloud, service, context, signal }
    tests = await Promise.all(testsIn(files, context, service).map((named) => perform(subject, named)))
  } catch (thrown) {
    errors.push(describeError(thrown))
  }
  request.signal?.throwIfAborted()
  const stateOf = (file: string): string =>
    errors.length === 0 && tests.every((test) => test.file !== file || test.status === 'passed')
      ? 'passed'
      : 'failed'
  return {
    ended: files.every((file) => stateOf(file) === 'passed') ? 'passed' : 'failed',
    requestedFiles: files,
    finishedFiles: files.map((file) => ({ file, state: stateOf(file), errors })),
    tests,
    unhandledErrors: [],
    timedOut: signal.aborted,
    tookMs: wall.now() - began,
  }
}

interface Named {
  readonly file: string
  readonly name: string
  readonly test: DirectTest
}

function testsIn(files: readonly string[], context: SuiteContext, service: ServiceSnapshot): Named[] {
  const { phase } = context
  if (phase === 'resilience') throw new SluiceError('internal', 'resilience is not part of a deployment')
  return Object.entries(SUITES[phase]).flatMap(([suite, draw]) => {
    const file = `suites/${phase}/${suite}`
    if (!files.includes(file)) return []
    return Object.entries(draw(context, service)).map(([name, test]) => ({ file, name, test }))
  })
}

interface Subject {
  readonly cloud: Cloud
  readonly service: ServiceSnapshot
  readonly context: SuiteContext
  readonly signal: AbortSignal
}

async function perform(subject: Subject, { file, name, test }: Named): Promise<TestResult> {
  const { wall } = subject.cloud.clock
  const began = wall.now()
  const ended = (result: Pick<TestResult, 'status'> & Partial<TestResult>): TestResult => ({
    file,
    name,
    tookMs: wall.now() - began,
    ...result,
  })
  if (test.needsSockets !== undefined)
    return ended({ status: 'skipped', leftOut: true, message: `not simulated: ${test.needsSockets}` })
  try {
    for (const look of test.looks) {
      const check = nameOf(look.check)
      const why = check && whyNotApplicable(check, subject.service)
      if (why !== undefined) throw new LeftOut(why)
      const settled = await lookAt(subject, look)
      if (settled.findings.length > 0) return ended(judge(name, subject.service, settled))
    }
    return ended({ status: 'passed' })
  } catch (thrown) {
    if (thrown instanceof LeftOut) return ended({ status: 'skipped', leftOut: true, message: thrown.message })
    const message = describeError(thrown)
    return ended({ status: subject.signal.aborted ? 'pending' : 'failed', message })
  }
}

function lookAt({ cloud, service, context, signal }: Subject, look: Look): Promise<Settled> {
  const { timeout = look.timeout, ...options } = asConfigured(
    look.check,
    { ...look.options, timeout: look.timeout },
    context.checks,
  )
  return settle((until) => look.check(cloud, service, { ...options, signal: until }), {
    clock: cloud.clock,
    timeout,
    signal,
  })
}

/** As the matchers have it: what the cloud lacks cannot be run, what could not be seen is no failure. */
function judge(
  name: string,
  service: ServiceSnapshot,
  settled: Settled,
): Pick<TestResult, 'status' | 'message' | 'notRun'> {
  const { findings } = settled
  const lacks = findings.find((finding) => finding.lacks !== undefined)?.lacks
  if (lacks !== undefined && findings.every((finding) => finding.lacks !== undefined))
    return { status: 'skipped', message: lacks, notRun: true }
  const message = messageOf(`${service.scope}: ${name}`, settled)
  const unclear = findings.every(({ severity }) => severity === 'unknown')
  return { status: unclear ? 'inconclusive' : 'failed', message }
}
