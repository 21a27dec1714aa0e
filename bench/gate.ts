import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { wallClock } from '#harness/clock'
import type { SuiteContext, TrafficWindow } from '#harness/gate'
import { analyse } from '#harness/gate/analysis/analyse'
import { judgeSuites } from '#harness/gate/verdict'
import { createSuiteRunner } from '#harness/gate/vitest/index'
import type { Row } from './row.ts'

const MODULES = fileURLToPath(new URL('../node_modules', import.meta.url))
const WARM_RUNS = 60
const COLD_RUNS = 5

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
    minRequests: 300,
  },
}

/** A gate of one trivial suite, cold and warm, against `vitest run` of the same file; and the analysis of much traffic. */
export async function gateBench(): Promise<Row[]> {
  const root = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  try {
    await symlink(MODULES, join(root, 'node_modules'), 'dir')
    const file = join(root, 'trivial.test.ts')
    await writeFile(
      file,
      `import { expect, test } from 'vitest'\ntest('adds', () => expect(1 + 1).toBe(2))\n`,
    )
    return [...(await suiteRows(root, file)), analysisRow()]
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function suiteRows(root: string, file: string): Promise<Row[]> {
  const vitest: number[] = []
  const cold: number[] = []
  for (let i = 0; i < COLD_RUNS; i++) {
    vitest.push(await timed(() => vitestRun(root)))
    cold.push(
      await timed(async () => {
        await using runner = await createSuiteRunner({ root })
        await pass(runner.run({ files: [file], context, deadline: 60_000 }))
      }),
    )
  }
  await using runner = await createSuiteRunner({ root })
  const warm: number[] = []
  for (let i = 0; i < WARM_RUNS; i++) {
    warm.push(await timed(() => pass(runner.run({ files: [file], context, deadline: 60_000 }))))
  }
  // The first starts the worker.
  warm.shift()
  const against = median(vitest)
  const times = against / median(warm)
  const row = (figure: string, value: number, bound?: Row['bound']): Row => ({
    figure,
    value,
    unit: 'ms',
    ...(bound === undefined ? {} : { bound }),
    against: `vitest run of the same suite: ${Math.round(against)} ms`,
    ratio: against / value,
  })
  return [
    row('gate of one trivial suite, cold (in process)', median(cold)),
    row('gate of one trivial suite, warm', median(warm), { atMost: 15 }),
    { figure: 'warm gate, times as fast as vitest run', value: times, unit: '×', bound: { atLeast: 40 } },
  ]
}

async function pass(run: ReturnType<Awaited<ReturnType<typeof createSuiteRunner>>['run']>): Promise<void> {
  const { status, sentence } = judgeSuites(await run)
  if (status !== 'passed') throw new Error(`the suite to be measured did not pass: ${sentence}`)
}

/** A process of its own, as a person would run it; the program is named by the package itself. */
async function vitestRun(root: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(MODULES, 'vitest/package.json'), 'utf8')) as {
    readonly bin: { readonly vitest: string }
  }
  const program = join(MODULES, 'vitest', manifest.bin.vitest)
  const child = spawn(process.execPath, [program, 'run', '--root', root, 'trivial'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: '1' },
    cwd: root,
  })
  let output = ''
  child.stdout.on('data', (data) => (output += data))
  child.stderr.on('data', (data) => (output += data))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`vitest run failed with ${code}: ${output}`)
}

const SAMPLES = 1_000_000

/** Everything a closing look does, over a million latencies in two arms. */
function analysisRow(): Row {
  const half = SAMPLES / 2
  const draw = Float64Array.from({ length: SAMPLES }, (_, i) => 20 + ((i * 7919) % 1_000_003) / 50_000)
  const ok = (version: string) => ({ version, lane: 'fresh', outcome: 'ok', n: half }) as const
  const window = (stage: string): TrafficWindow => ({
    from: 0,
    stage,
    counts: [ok('1.0.0'), ok('2.0.0'), { ...ok('1.0.0'), outcome: 'target-5xx', n: 100 }],
    latency: {},
    schedule: { planned: SAMPLES, sent: SAMPLES, dropped: 0, lagP99: 1 },
  })
  const times = Array.from({ length: 5 }, () => {
    const started = wallClock.now()
    analyse({
      before: window('before'),
      now: window('canary'),
      samplesBefore: {},
      samples: { '1.0.0': draw.subarray(0, half), '2.0.0': draw.subarray(half) },
      candidate: '2.0.0',
      stable: '1.0.0',
      candidateShare: 0.5,
      thresholds: context.thresholds,
      look: 'closing',
    })
    return wallClock.now() - started
  })
  return { figure: 'analysis of 10⁶ samples', value: median(times), unit: 'ms', bound: { atMost: 200 } }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = wallClock.now()
  await work()
  return wallClock.now() - started
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
