import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JournalEvent } from '#harness/journal/event'
import { summarise } from '#harness/journal/summary'
import { configBeside, deploy } from './command-line.ts'
import type { Row } from './row.ts'

/** Whole deployments by the command line: what Sluice adds to each stage, and how fast the way back is. */
export async function deploymentBench(): Promise<readonly Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  try {
    const config = await configBeside(directory)
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
