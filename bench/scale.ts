import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createEmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { realClock, wallClock } from '#harness/clock'
import { keyedCalls } from './keyed-calls.ts'
import type { Row } from './row.ts'
import type { ScaleFigures } from './scale-world.ts'

const SMALL = 1_000
const LARGE = 10_000
const RUNS = 3
const FEW = 1
const MANY = 1_000
const WARM_UP_CALLS = 1_000
const CALLS = 500

/** What a large cloud costs beside a small one: worlds of instances in groups of a hundred, and calls by key. */
export async function scaleBench(): Promise<Row[]> {
  const small = await measureWorld(SMALL)
  const large = await measureWorld(LARGE)
  return [
    ...linear('create', small.create, large.create, 'running, in service and registered'),
    ...linear(
      'describe page by page',
      small.describe,
      large.describe,
      'by the SDK: instances by 100, groups by 10',
    ),
    ...linear('grow each group by a tenth', small.reconcile, large.reconcile),
    {
      figure: `resident with ${LARGE.toLocaleString('en-US')} instances`,
      value: large.residentMiB,
      unit: 'MiB',
      bound: { atMost: 600 },
      note: `with ${SMALL.toLocaleString('en-US')} ${Math.round(small.residentMiB)} MiB; cloud and client in one process`,
    },
    ...(await keyedRows()),
  ]
}

/** The same for each thousand instances, and how much more of it a large world takes. */
function linear(what: string, small: number, large: number, note?: string): Row[] {
  const [one, ten] = [(small / SMALL) * 1_000, (large / LARGE) * 1_000]
  return [
    {
      figure: `${what}, per 1,000 of ${LARGE.toLocaleString('en-US')} instances`,
      value: ten,
      unit: 'ms',
      ...(note !== undefined && { note }),
    },
    {
      figure: `${what}, beside a world of ${SMALL.toLocaleString('en-US')}`,
      value: ten / one,
      unit: '×',
      bound: { atMost: 1.5 },
      note: `${Math.round(one)} ms per 1,000 there`,
    },
  ]
}

/** The best of some runs, each in a process of its own: what else the machine does only ever adds. */
async function measureWorld(instances: number): Promise<ScaleFigures> {
  const script = fileURLToPath(new URL('./scale-world.ts', import.meta.url))
  const argv = ['--conditions=sluice-source', script, String(instances)]
  const runs: ScaleFigures[] = []
  for (let run = 0; run < RUNS; run++) {
    const { stdout } = await promisify(execFile)(process.execPath, argv)
    runs.push(JSON.parse(stdout) as ScaleFigures)
  }
  const best = (pick: (figures: ScaleFigures) => number): number => Math.min(...runs.map(pick))
  return {
    create: best(({ create }) => create),
    describe: best(({ describe }) => describe),
    reconcile: best(({ reconcile }) => reconcile),
    residentMiB: best(({ residentMiB }) => residentMiB),
  }
}

/** How much longer a call by key takes among a thousand target groups than with one. */
async function keyedRows(): Promise<Row[]> {
  const few = await timeCalls(FEW)
  const many = await timeCalls(MANY)
  return [...many].map(([name, value]) => ({
    figure: `${name} by key among ${MANY.toLocaleString('en-US')} target groups`,
    value: value / (few.get(name) ?? Number.NaN),
    unit: '×',
    bound: { atMost: 1.5 },
    note: `${Math.round(1_000 * value)} µs; with ${FEW} ${Math.round(1_000 * (few.get(name) ?? Number.NaN))} µs`,
  }))
}

/** Milliseconds of each call in a cloud with so many target groups, without the SDK and without sockets. */
async function timeCalls(targetGroups: number): Promise<ReadonlyMap<string, number>> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`)
  await using cloud = await createEmbeddedCloud({ clock: realClock, settle: 'instant', log })
  const times = new Map<string, number>()
  for (const [name, call] of await keyedCalls(cloud, targetGroups)) {
    for (let done = 0; done < WARM_UP_CALLS; done++) await call()
    const runs: number[] = []
    for (let run = 0; run < RUNS; run++) {
      const from = wallClock.now()
      for (let done = 0; done < CALLS; done++) await call()
      runs.push((wallClock.now() - from) / CALLS)
    }
    times.set(name, Math.min(...runs))
  }
  return times
}
