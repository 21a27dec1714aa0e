import { statSync } from 'node:fs'
import { Writable } from 'node:stream'
import {
  type CliOptions,
  createVitest,
  type Reporter,
  type TestSpecification,
  type Vite,
  type Vitest,
} from 'vitest/node'
import { wallClock } from '../../clock.ts'
import { describeError, SluiceError } from '../../errors.ts'
import type { SuiteContext, SuiteRequest, SuiteRun, SuiteRunner } from '../../gate.ts'
import { besideThis } from './beside.ts'
import { collectRun, type Ending } from './collect.ts'
import { filterOf } from './pick.ts'
import { WarmPool } from './warm-pool.ts'

export interface SuiteRunnerOptions {
  /** Where relative paths in reports start from, and where modules that suites import are looked up. */
  readonly root: string
  /** Export conditions by which suites import, e.g. `sluice-source`; those of this process unless given. */
  readonly conditions?: readonly string[]
  /** Suite files that run at the same time, each in a process of its own. */
  readonly maxWorkers?: number
  /** Wall milliseconds that one test may take; the deadline of a run holds for all of them together. */
  readonly testTimeout?: number
  /** Tags by which tests may be picked. */
  readonly tags?: readonly string[]
  /** Hears what suites print. */
  readonly log?: (text: string) => void
}

/** A runner that can also look at suites before a deployment begins. */
export interface WarmSuiteRunner extends SuiteRunner {
  /**
   * Compiles suite files without running them and throws a `config` error that names each one that does not
   * compile or is not there. Starts warming a worker on the side, so that the first gate finds it ready.
   */
  check(files: readonly string[]): Promise<void>
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Wall milliseconds between asking a run to stop, insisting, and killing its processes. */
const PATIENCE = 250
const LAST_PATIENCE = 2_000

/**
 * Starts Vitest once and keeps it, and its worker processes, warm: a gate then costs milliseconds. It reads no
 * Vitest config, writes no file, prints nothing, and leaves the process's exit code alone.
 */
export async function createSuiteRunner(options: SuiteRunnerOptions): Promise<WarmSuiteRunner> {
  const log = options.log ?? (() => {})
  const pool = new WarmPool(log)
  const exitCode = process.exitCode
  try {
    const endings: Ending[] = []
    const vitest = await startVitest(options, pool, log, (ending) => endings.push(ending))
    return new WarmRunner(options.root, vitest, pool, endings)
  } catch (cause) {
    await pool[Symbol.asyncDispose]()
    throw new SluiceError('internal', `Vitest could not be started: ${describeError(cause)}`, { cause })
  } finally {
    restoreExitCode(exitCode)
  }
}

async function startVitest(
  options: SuiteRunnerOptions,
  pool: WarmPool,
  log: (text: string) => void,
  ended: (ending: Ending) => void,
): Promise<Vitest> {
  const reporter: Reporter = {
    onTestRunEnd: (modules, unhandledErrors, reason) => ended({ modules, unhandledErrors, reason }),
    onUserConsoleLog: ({ content }) => log(content),
  }
  const silent = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() })
  const given = SIGNALS.map((name) => process.listeners(name))
  const vitest = await createVitest(vitestOptions(options, pool, reporter), viteOptions(options), {
    stdout: silent(),
    stderr: silent(),
  })
  await vitest.standalone()
  // Vitest would end this process on a signal; here a signal means that a deployment is to be put back first.
  for (const [index, name] of SIGNALS.entries()) {
    for (const added of process.listeners(name)) {
      if (!given[index]?.includes(added)) process.off(name, added)
    }
  }
  return vitest
}

/** The export conditions that this process was started with. */
function ownConditions(): string[] {
  return process.execArgv.flatMap((argument, i) => {
    const [name, value] = argument.split('=', 2)
    if (name !== '--conditions' && name !== '-C') return []
    const condition = value ?? process.execArgv[i + 1]
    return condition === undefined ? [] : [condition]
  })
}

function viteOptions(options: SuiteRunnerOptions): Vite.UserConfig {
  const conditions = [...(options.conditions ?? ownConditions()), 'node']
  return {
    envDir: false,
    logLevel: 'silent',
    server: { watch: null, ws: false, hmr: false },
    resolve: { conditions },
    ssr: { resolve: { conditions } },
  }
}

function vitestOptions(options: SuiteRunnerOptions, pool: WarmPool, reporter: Reporter): CliOptions {
  const timeout = options.testTimeout ?? 60_000
  return {
    root: options.root,
    config: false,
    watch: false,
    run: true,
    // Files are given by path; a pattern would make Vitest search the whole of the user's project.
    include: [],
    allowOnly: false,
    passWithNoTests: false,
    bail: 0,
    retry: 0,
    tags: (options.tags ?? []).map((name) => ({ name })),
    strictTags: false,
    isolate: false,
    pool: pool.initializer,
    maxWorkers: options.maxWorkers ?? 2,
    maxConcurrency: 20,
    testTimeout: timeout,
    hookTimeout: timeout,
    cache: false,
    fsModuleCache: false,
    coverage: { enabled: false },
    reporters: [reporter],
    server: { deps: { inline: [/\.suite\.[cm]?[jt]s$/] } },
  }
}

/** Undoes what Vitest does to the exit code when something failed; what others set it to in the meantime stays. */
function restoreExitCode(before: typeof process.exitCode): void {
  if (process.exitCode === 1) process.exitCode = before
}

/** A run may go without a context: the one that only warms a worker. */
type Run = Omit<SuiteRequest, 'context'> & { readonly context?: SuiteContext }

const WARM_UP_DEADLINE = 30_000

const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false

const warmUp = ['warm-up.suite', 'warm-up-beside.suite'].map((name) => besideThis(name, import.meta.url))

class WarmRunner implements WarmSuiteRunner {
  readonly #root: string
  readonly #vitest: Vitest
  readonly #pool: WarmPool
  readonly #endings: Ending[]
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(root: string, vitest: Vitest, pool: WarmPool, endings: Ending[]) {
    this.#root = root
    this.#vitest = vitest
    this.#pool = pool
    this.#endings = endings
  }

  /** One at a time: overlapping runs of one Vitest would all see the context of the last. */
  run(request: SuiteRequest): Promise<SuiteRun> {
    const result = this.#last.then(() => this.#run(request))
    this.#last = result.catch(() => {})
    return result
  }

  async check(files: readonly string[]): Promise<void> {
    const environment = this.#vitest.getRootProject().vite.environments.ssr
    const problems = await Promise.all(
      files.map(async (file) => {
        if (!isFile(file)) return `${file} does not exist`
        try {
          await environment.transformRequest(file)
          return []
        } catch (thrown) {
          return `${file} does not compile: ${describeError(thrown).trim()}`
        }
      }),
    )
    const found = problems.flat()
    if (found.length > 0) throw new SluiceError('config', found.join('\n'))
    this.#warmUp()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const exitCode = process.exitCode
    try {
      // Ends the run under way, too: whoever still waits for it is told that it failed.
      await this.#pool[Symbol.asyncDispose]()
      await this.#last
      await this.#vitest.close()
    } finally {
      restoreExitCode(exitCode)
    }
  }

  /** Runs an empty suite that loads what all suites load. How it ends does not matter: gates judge themselves. */
  #warmUp(): void {
    this.#last = this.#last
      .then(() => (this.#closed ? undefined : this.#run({ files: warmUp, deadline: WARM_UP_DEADLINE })))
      .catch(() => {})
  }

  async #run(request: Run): Promise<SuiteRun> {
    if (this.#closed) throw new SluiceError('internal', 'suites were to run after their runner was closed')
    request.signal?.throwIfAborted()
    const exitCode = process.exitCode
    const started = wallClock.now()
    const stop = this.#stopper(request)
    const files = [...new Set(request.files)]
    const run = { root: this.#root, requestedFiles: files, pick: request.pick }
    let clean = false
    try {
      this.#endings.length = 0
      const ending = await Promise.race([this.#runFiles(files, request), stop.gaveUp])
      const timedOut = stop.timedOut()
      request.signal?.throwIfAborted()
      clean = ending.reason === 'passed' && ending.unhandledErrors.length === 0 && !timedOut
      return collectRun(ending, { ...run, timedOut, tookMs: wallClock.now() - started })
    } finally {
      await stop.end()
      // A worker in which something failed may be left in any state; the next run gets a fresh one.
      if (!clean) this.#pool.recycle()
      restoreExitCode(exitCode)
    }
  }

  async #runFiles(files: readonly string[], { context, pick }: Run): Promise<Ending> {
    const missing = files.filter((file) => !isFile(file))
    if (missing.length > 0) {
      const unhandledErrors = missing.map((file) => ({ message: `the suite file ${file} does not exist` }))
      return { modules: [], unhandledErrors, reason: 'failed' }
    }
    if (context) this.#vitest.provide('sluice', context)
    const project = this.#vitest.getRootProject()
    const specifications = files.map(
      (file): TestSpecification => project.createSpecification(file, filterOf(file, pick)),
    )
    // The result also holds the modules of earlier runs; only the report of the end is this run's own.
    await this.#vitest.runTestSpecifications(specifications)
    const ending = this.#endings.at(-1)
    if (!ending) throw new SluiceError('internal', 'Vitest ended a run without reporting its end')
    return ending
  }

  /** Ends a run that is past its deadline or aborted: asks, insists a moment later, and at last kills. */
  #stopper(request: Run): { timedOut(): boolean; readonly gaveUp: Promise<never>; end(): Promise<void> } {
    let timedOut = false
    let over = false
    let cancelling: Promise<unknown> = Promise.resolve()
    const given = Promise.withResolvers<never>()
    given.promise.catch(() => {})
    const cancel = (): void => {
      const asked = this.#vitest.cancelCurrentRun('keyboard-input').catch(() => {})
      cancelling = Promise.all([cancelling, asked])
    }
    const stop = async (): Promise<void> => {
      cancel()
      await wallClock.sleep(PATIENCE)
      if (over) return
      cancel()
      await wallClock.sleep(PATIENCE)
      if (over) return
      this.#pool.kill()
      await wallClock.sleep(LAST_PATIENCE)
      given.reject(new SluiceError('internal', 'Vitest did not end a run whose workers were killed'))
    }
    const deadline = wallClock.timer(request.deadline, () => {
      timedOut = true
      void stop()
    })
    const abort = (): void => void stop()
    request.signal?.addEventListener('abort', abort, { once: true })
    return {
      timedOut: () => timedOut,
      gaveUp: given.promise,
      end: async () => {
        over = true
        deadline.cancel()
        request.signal?.removeEventListener('abort', abort)
        // Vitest never settles a cancellation that comes as the run ends by itself.
        await Promise.race([cancelling, wallClock.sleep(PATIENCE)])
      },
    }
  }
}
