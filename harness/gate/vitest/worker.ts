import { init, runBaseTests, setupEnvironment } from 'vitest/worker'
import { wallClock } from '../../clock.ts'
import { type Leftovers, leftoversKey, watchLeftovers } from './leftovers.ts'

/**
 * Entry point of a warm worker: a process of its own that runs the suites of one gate after another. Modules stay
 * loaded from run to run, all but the suite files, which Vitest evaluates afresh.
 */
const post = process.send?.bind(process)
if (!post) throw new Error('a suite worker runs as a child process with a channel to its parent')
const exit = process.exit.bind(process)

// The parent is gone: nobody is left to report to.
process.on('disconnect', () => exit(1))
process.on('error', () => exit(1))

/** Wall milliseconds that suites which left something going are given to end it. */
const grace = 50

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

init({
  post: (message) => post(message),
  on: (callback) => process.on('message', callback),
  off: (callback) => process.off('message', callback),
  setup: setupEnvironment,
  collectTests: (state, traces) => runBaseTests('collect', state, traces),
  runTests: async (state, traces) => {
    const leftBehind = watchLeftovers()
    await runBaseTests('run', state, traces)
    // Rejections that nobody handled are raised a turn after the promise settled; let them reach this run.
    await turn()
    if (leftBehind().length === 0) return
    // What was left going may yet fail: better in this run than in nobody's.
    await wallClock.sleep(grace)
    const left = leftBehind()
    if (left.length > 0) post({ [leftoversKey]: left } satisfies Leftovers)
  },
})
