import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { JournalEvent } from '#harness/journal/event'
import { summarise } from '#harness/journal/summary'
import type { Row } from './row.ts'

const ROOT = resolve(import.meta.dirname, '..')

/** Runs the command line as a user does; resolves with the events it printed. */
async function deploy(config: string, args: readonly string[]): Promise<readonly JournalEvent[]> {
  const argv = [
    '--conditions=sluice-source',
    join(ROOT, 'harness/cli.ts'),
    'deploy',
    '--config',
    config,
    '--json',
    ...args,
  ]
  const printed = await new Promise<string>((done) => {
    // A closed gate ends the process with 3; what it printed is the result either way.
    execFile(process.execPath, argv, { maxBuffer: 1 << 28 }, (_error, stdout) => done(stdout))
  })
  return printed.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JournalEvent]))
}

/** Whole deployments by the command line: what Sluice adds to each stage, and how fast the way back is. */
export async function deploymentBench(): Promise<readonly Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  try {
    const config = join(directory, 'sluice.config.mjs')
    const base = JSON.stringify(pathToFileURL(join(ROOT, 'sluice.config.ts')).href)
    const reports = JSON.stringify(directory)
    await writeFile(config, `import base from ${base}\nexport default { ...base, directory: ${reports} }\n`)
    return [...good(await deploy(config, [])), ...bad(await deploy(config, ['--release', '2.0.1-errors']))]
  } finally {
    await rm(directory, { recursive: true })
  }
}

function good(events: readonly JournalEvent[]): Row[] {
  const summary = summarise(events)
  if (summary.state !== 'promoted') {
    return [
      {
        figure: 'overhead per stage',
        unit: 'ms',
        note: `the deployment ended ${summary.state}: ${summary.sentence}`,
      },
    ]
  }
  const stages = summary.sections.filter((section) => section.kind === 'stage')
  const worst = Math.max(...stages.map((stage) => stage.overheadWallMs))
  return [
    {
      figure: 'overhead of a stage, worst of the deployment',
      value: worst,
      unit: 'ms',
      bound: { atMost: 150 },
      note: stages.map((stage) => `${stage.name} ${Math.round(stage.overheadWallMs)}`).join(', '),
    },
    {
      figure: 'requests failed in a good deployment',
      value: summary.requests.harmed,
      unit: `of ${summary.requests.total}`,
      bound: { atMost: 0 },
    },
  ]
}

function bad(events: readonly JournalEvent[]): Row[] {
  const restored = events.find((event) => event.type === 'traffic-restored')
  if (restored?.type !== 'traffic-restored') {
    return [{ figure: 'failed gate to weights restored', unit: 'ms', note: 'no traffic was restored' }]
  }
  return [
    {
      figure: 'failed gate to weights restored',
      value: restored.afterVerdictWallMs,
      unit: 'ms',
      bound: { atMost: 50 },
      note: `${restored.calls} modifying call`,
    },
  ]
}
