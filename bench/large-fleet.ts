import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createEmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { scaledClock } from '#harness/clock'
import { connectCloud } from '#harness/connect/index'
import type { JournalEvent } from '#harness/journal/event'
import { summarise } from '#harness/journal/summary'
import type { Row } from './row.ts'

const SMALL = 10
const LARGE = 1_000
/** Every target is health-checked twice a second then: a thousand of them leave the machine time for more. */
const SCALE = 5
/** The quota of vCPUs that standard instances run on (Service Quotas). */
const STANDARD_VCPUS = 'L-1216C47A'
const CLI = resolve(import.meta.dirname, '../dist/harness/cli.js')

/** What one deployment took: API calls, and the most memory that the process held which ran it. */
interface Figures {
  readonly calls: number
  readonly changes: number
  readonly residentMiB: number
  readonly harmed: number
}

/** A fleet of a thousand instances beside one of ten, deployed to by blue-green: calls and memory. */
export async function largeFleetBench(): Promise<readonly Row[]> {
  const small = await measure(SMALL)
  const large = await measure(LARGE)
  const [few, many] = [SMALL, LARGE].map((count) => count.toLocaleString('en-US'))
  return [
    {
      figure: `API calls of a deployment to ${many} instances`,
      value: large.calls,
      unit: '',
      note: `${large.changes} changes; ${small.calls} calls for ${small.changes} with ${few} instances`,
    },
    {
      figure: `the same, beside ${few} instances`,
      value: large.calls / small.calls,
      unit: '×',
      bound: { atMost: 2 },
    },
    {
      figure: `memory of the deploying process, beside ${few} instances`,
      value: large.residentMiB / small.residentMiB,
      unit: '×',
      bound: { atMost: 1.5 },
      note: `at most ${Math.round(large.residentMiB)} MiB, ${Math.round(small.residentMiB)} MiB with ${few}`,
    },
    {
      figure: `requests failed while ${many} instances were replaced`,
      value: large.harmed,
      unit: '',
      bound: { atMost: 0 },
    },
  ]
}

/** The cloud is in this process, the deployment in one of its own: what it holds is its own. */
async function measure(capacity: number): Promise<Figures> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-large-'))
  await using embedded = await createEmbeddedCloud({ clock: scaledClock(SCALE), settle: 'fast' })
  await using cloud = connectCloud(embedded.address)
  // An account that runs such a fleet has had its quota raised.
  embedded.world.region('us-east-1').quotas.set(STANDARD_VCPUS, 10 * LARGE)
  try {
    await createSampleService(cloud, { name: 'orders', release: { version: '1.0.0' }, capacity, zones: 3 })
    const config = join(directory, 'sluice.config.mjs')
    await writeFile(config, `export default ${JSON.stringify(configFor(embedded.endpoint))}\n`)
    const peak = join(directory, 'peak')
    const events = await deploy(config, peak)
    const summary = summarise(events)
    if (summary.state !== 'promoted') throw new Error(`${capacity} instances: ${summary.sentence}`)
    return {
      calls: summary.repeatable.all ?? Number.NaN,
      changes: summary.repeatable.changed,
      residentMiB: Number(await readFile(peak, 'utf8')) / 1_024,
      harmed: summary.requests.harmed,
    }
  } finally {
    await rm(directory, { recursive: true })
  }
}

const configFor = (url: string) => ({
  cloud: { kind: 'endpoint', url },
  service: { name: 'orders', entry: { loadBalancer: 'orders', listener: 80 } },
  releases: { old: { version: '1.0.0' }, new: { version: '2.0.0' } },
  baseline: 'old',
  release: 'new',
  strategy: { name: 'blue-green', options: { bake: '1m', extend: '5m' } },
  gates: { minRequests: 100, latency: { p99: '5s' } },
  probe: { rate: 20 },
})

/** Writes, as the process ends, the most KiB that it held; not of the processes that suites run in. */
const tellPeak = (path: string): string =>
  `data:text/javascript,import{writeFileSync}from'node:fs';if(process.argv.includes('deploy'))process.on('exit',()=>writeFileSync(${JSON.stringify(path)},String(process.resourceUsage().maxRSS)))`

async function deploy(config: string, peak: string): Promise<readonly JournalEvent[]> {
  const argv = [`--import=${tellPeak(peak)}`, CLI, 'deploy', '--config', config, '--json']
  const printed = await new Promise<string>((done) => {
    // What it printed is the result, however it ended.
    execFile(process.execPath, argv, { maxBuffer: 1 << 28 }, (_error, stdout) => done(stdout))
  })
  return printed.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JournalEvent]))
}
