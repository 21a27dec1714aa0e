/**
 * Deploys every defect of the sample service by a default canary and a default blue-green, and prints, as a Markdown
 * table, where each was caught and what it cost users: `npm run defects [-- kind…]`. A whole run writes `defects.md`. Exits with 1 if one was not.
 */
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defects } from '#fixtures/app/defects/index'
import { summarise } from '#harness/journal/summary'
import { configBeside, deploy } from './command-line.ts'

/** Kinds that need more than their name to show: the mildest that a default deployment is held to. */
const PARAMETERS: Partial<Record<keyof typeof defects, Readonly<Record<string, unknown>>>> = {
  error: { rate: 0.05 },
  reset: { rate: 0.05 },
  timeout: { rate: 0.05 },
  hang: { rate: 0.05 },
  truncate: { rate: 0.05 },
  slow: { ms: 1_000 },
  crash: { requests: 60 },
  'crash-loop': { requests: 60 },
}

const STRATEGIES = ['canary', 'blue-green']

const HEAD = `# Where every defect is caught

Written by \`npm run defects\`: each defect of the sample service, deployed by a default canary and a default blue-green on the
embedded cloud under 100 probe requests a second (a minute of cloud time takes a second). *Harmed* are requests that failed;
*met* are all that the release answered; *detected after* is cloud time from the release's share being in force to the first sign.

`

interface Caught {
  readonly strategy: string
  readonly kind: string
  readonly exitCode: number | undefined
  readonly stage: string
  readonly harmed: number
  /** Requests that met the release between its first traffic and the verdict: what was at stake. */
  readonly exposed: number
  readonly detectMs: number | undefined
  readonly sentence: string
}

async function caught(config: string, strategy: string, kind: string): Promise<Caught> {
  const summary = summarise(await deploy(config, ['--strategy', strategy, '--release', kind]))
  const { wayBack } = summary.recoverable
  const exposed = summary.requests.byVersion.find((each) => each.version === 'bad')?.n ?? 0
  return {
    strategy,
    kind,
    exitCode: summary.exitCode,
    stage: wayBack?.stage ?? '–',
    harmed: summary.requests.harmed,
    exposed,
    detectMs: wayBack?.detect?.cloudMs,
    sentence: summary.trouble?.sentence ?? summary.sentence ?? '',
  }
}

const directory = await mkdtemp(join(tmpdir(), 'sluice-defects-'))
const chosen = process.argv.slice(2)
const kinds = Object.keys(defects).filter((kind) => chosen.length === 0 || chosen.includes(kind))
const table: string[] = []
const print = (cells: readonly unknown[]): void => {
  const line = `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |\n`
  table.push(line)
  process.stdout.write(line)
}
let missed = 0
try {
  const releases = kinds.map((kind) => {
    const defect = { kind, ...PARAMETERS[kind as keyof typeof defects] }
    return [kind, { version: 'bad', userData: { version: 'bad', defects: [defect] } }] as const
  })
  const config = await configBeside(directory, { releases: Object.fromEntries(releases) })
  print(['defect', 'strategy', 'exit', 'caught at', 'harmed', 'met', 'detected after', 'why'])
  print(['---', '---', '---', '---', '---', '---', '---', '---'])
  for (const kind of kinds) {
    for (const strategy of STRATEGIES) {
      const row = await caught(config, strategy, kind)
      if (row.exitCode !== 3 && row.exitCode !== 4) missed++
      const { exitCode, stage, harmed, exposed, detectMs, sentence } = row
      const detected = detectMs === undefined ? '–' : `${(detectMs / 1000).toFixed(0)} s`
      print([kind, strategy, exitCode, stage, harmed, exposed, detected, sentence])
    }
  }
} finally {
  await rm(directory, { recursive: true })
}
if (chosen.length === 0) writeFileSync(join(import.meta.dirname, 'defects.md'), HEAD + table.join(''))
process.stderr.write(missed === 0 ? 'every defect was caught\n' : `${missed} were not caught\n`)
process.exitCode = missed === 0 ? 0 : 1
