import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JournalEvent } from '#harness/journal/event'
import { summarise } from '#harness/journal/summary'
import { configBeside, deploy } from './command-line.ts'
import type { Row } from './row.ts'

const RUNS = 3

/** Whole deployments by the command line: what Sluice adds to each stage, and how fast the way back is. */
export async function deploymentBench(): Promise<readonly Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  try {
    const config = await configBeside(directory)
    const promoted: (readonly JournalEvent[])[] = []
    for (let run = 0; run < RUNS; run++) promoted.push(await deploy(config, []))
    return [...good(promoted), ...bad(await deploy(config, ['--release', '2.0.1-errors']))]
  } finally {
    await rm(directory, { recursive: true })
  }
}

function good(runs: readonly (readonly JournalEvent[])[]): Row[] {
  const summaries = runs.map((events) => summarise(events))
  const other = summaries.find(({ state }) => state !== 'promoted')
  if (other) {
    const note = `a deployment ended ${other.state}: ${other.sentence}`
    return [{ figure: 'overhead per stage', unit: 'ms', note }]
  }
  const stages = summaries.map(({ sections }) => sections.filter((section) => section.kind === 'stage'))
  const worst = stages.map((each) => Math.max(...each.map((stage) => stage.overheadWallMs)))
  const names = stages[0]?.map(({ name }) => name) ?? []
  const figures = names.map((name, i) => {
    const each = stages.map((run) => Math.round(run[i]?.overheadWallMs ?? Number.NaN))
    return `${name} ${each.join('/')}`
  })
  return [
    {
      figure: `overhead of a deployment's worst stage, median of ${RUNS}`,
      value: worst.toSorted((a, b) => a - b)[RUNS >> 1] ?? Number.NaN,
      unit: 'ms',
      bound: { atMost: 150 },
      note: figures.join(', '),
    },
    {
      figure: 'requests failed in good deployments',
      value: summaries.reduce((sum, { requests }) => sum + requests.harmed, 0),
      unit: `of ${summaries.reduce((sum, { requests }) => sum + requests.total, 0)}`,
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
