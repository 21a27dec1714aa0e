/**
 * Simulates many deployments of a good release by a default canary under realistic noise (one request in a thousand
 * fails, latencies are log-normal, one instance is lost with its machine at a random instant), and prints how many were
 * reverted in error, with the seed of each: `npm run simulate:good [-- runs [seed [requests a second]]]`. Exits with 1
 * when they are more than one in a hundred, or when anything was left of one that was reverted.
 */
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { simulateOne } from '#harness/cli/simulate'
import type { RunFigures } from '#harness/cli/simulate/figures'
import { tell } from '#harness/cli/simulate/figures'
import { validateConfig } from '#harness/config'
import { compositionNamed, strategyNamed } from '#strategies/index'

/** Share of good deployments that may be reverted. */
const MOST_REVERTED = 0.01

interface Share {
  readonly seeds: readonly number[]
  readonly rate: number
}

if (isMainThread) await main()
else await simulateAll(workerData as Share)

/** What the example config of the repository says, without its releases with defects. */
async function simulateAll({ seeds, rate }: Share): Promise<void> {
  const exported = {
    service: { name: 'orders', entry: { loadBalancer: 'orders', listener: 80 } },
    releases: { '1.0.0': { version: '1.0.0' }, '2.0.0': { version: '2.0.0' } },
    baseline: '1.0.0',
    release: '2.0.0',
    strategy: { name: 'canary', options: {} },
    probe: { rate, expect: { status: 200, bodyIncludes: 'orders' } },
  }
  const config = validateConfig(exported, {}, 'the bench', process.cwd(), {
    strategyNamed,
    compositionNamed,
  })
  for (const seed of seeds)
    parentPort?.postMessage(await simulateOne(config, seed, [{ kind: 'kill-instance' }]))
}

async function main(): Promise<void> {
  const [count = 1_000, first = 1, rate = 100] = process.argv.slice(2).map(Number)
  const lanes = Math.min(availableParallelism(), count)
  const runs: RunFigures[] = []
  const working = Array.from({ length: lanes }, (_, lane) => {
    const seeds = Array.from({ length: count }, (_, i) => first + i).filter((seed) => seed % lanes === lane)
    return laneOf({ seeds, rate }, (figures) => {
      runs.push(figures)
      const { seed, unexpected } = figures
      for (const line of unexpected) process.stderr.write(`seed ${seed}: ${line}\n`)
      if (runs.length % 10 === 0) process.stderr.write(`${runs.length} of ${count}\n`)
    })
  })
  await Promise.all(working)
  const wrong = runs.filter(({ unexpected }) => unexpected.length > 0)
  const reverted = runs.filter(({ state }) => state !== 'promoted')
  process.stdout.write(`${tell(runs)}\n(median / 95th percentile / maximum, in cloud time)\n`)
  process.stdout.write(
    `${reverted.length} of ${runs.length} good deployments were reverted in error (${((100 * reverted.length) / runs.length).toFixed(2)} %)${seedsOf(reverted)}; held to ${100 * MOST_REVERTED} %\n`,
  )
  const left = wrong.filter((run) => run.unexpected.some((line) => !line.startsWith('it ended')))
  if (left.length > 0) process.stdout.write(`something was left of ${left.length}${seedsOf(left)}\n`)
  if (reverted.length > MOST_REVERTED * runs.length || left.length > 0) process.exitCode = 1
}

function seedsOf(runs: readonly RunFigures[]): string {
  return runs.length === 0 ? '' : `: seeds ${runs.map(({ seed }) => seed).join(', ')}`
}

function laneOf(share: Share, done: (figures: RunFigures) => void): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), { workerData: share })
  return new Promise((resolve, reject) => {
    worker.on('message', done)
    worker.on('error', reject)
    worker.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`a lane ended with code ${code}`)),
    )
  })
}
