/**
 * Deploys every defect of the sample service by a default canary and a default blue-green, and prints, as a Markdown
 * table, where each was caught and what it cost users: `npm run defects [-- kind… | json…]`. A whole run writes `defects.md`. Exits with 1 if one was not.
 */
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defects } from '#fixtures/app/defects/index'
import { rateAtLeast } from '#harness/gate/analysis/distributions'
import type { JournalEvent } from '#harness/journal/event'
import { summarise } from '#harness/journal/summary'
import { settlingOf } from '#harness/propagation'
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

/** What every bad release calls itself. */
const RELEASE = 'bad'

const STRATEGIES = ['canary', 'blue-green']

const HEAD = `# Where every defect is caught

Written by \`npm run defects\`: each defect of the sample service, deployed by a default canary and a default blue-green on the
embedded cloud under 100 probe requests a second (a minute of cloud time takes a second). *Harmed* are requests that failed;
*budget* is what the shares of the stages alone would have had meet the release until it was found: share × requests, of every
stage that it got traffic in, rounded up; a run fails when more were harmed than that and chance explain. *met* are all that the
release answered; *detected after* is cloud time from the release's share being in force to the first sign.

`

interface Caught {
  readonly strategy: string
  readonly kind: string
  readonly exitCode: number | undefined
  readonly stage: string
  readonly harmed: number
  readonly budget: Budget
  /** Requests that met the release between its first traffic and the verdict: what was at stake. */
  readonly exposed: number
  readonly detectMs: number | undefined
  readonly sentence: string
}

/** Requests sent while the release had traffic, and how many of them its share was. */
interface Budget {
  readonly sent: number
  readonly exposed: number
}

/** The share of the traffic that each stage of the plan gives the release, of 1. */
function planned(events: readonly JournalEvent[]): ReadonlyMap<string, number> {
  const started = events.find((event) => event.type === 'deployment-started')
  return new Map(
    started?.plan.stages.map(({ name, targets }) => {
      const shares = Object.values(targets).flatMap(({ fleets, traffic }) =>
        Object.entries(traffic.shares).map(([fleet, share]) => ({ share, release: fleets[fleet]?.release })),
      )
      const sum = (of: typeof shares): number => of.reduce((total, { share }) => total + share, 0)
      return [name, sum(shares.filter(({ release }) => release === RELEASE)) / sum(shares)]
    }),
  )
}

function budgetOf(events: readonly JournalEvent[]): Budget {
  const stages = planned(events)
  // While weights are on their way, what comes counts as the stage's that they lead to.
  const shares = new Map(
    [...stages].flatMap(
      ([name, share]) =>
        [
          [name, share],
          [settlingOf(name), share],
        ] as const,
    ),
  )
  let [sent, exposed] = [0, 0]
  for (const event of events) {
    if (event.type !== 'traffic') continue
    const { stage, counts } = event.bucket
    const share = shares.get(stage) ?? 0
    const n = counts.reduce((sum, count) => sum + count.n, 0)
    if (share > 0) sent += n
    exposed += share * n
  }
  return { sent, exposed }
}

/** What chance shows once in a thousand runs does not count. */
const CHANCE = 0.001

const isOver = (harmed: number, { sent, exposed }: Budget): boolean =>
  harmed > 0 && (sent === 0 || rateAtLeast(Math.min(harmed, sent), sent, CHANCE) > exposed / sent)

async function caught(config: string, strategy: string, kind: string): Promise<Caught> {
  const events = await deploy(config, ['--strategy', strategy, '--release', kind])
  const summary = summarise(events)
  const { wayBack } = summary.recoverable
  const exposed = summary.requests.byVersion.find((each) => each.version === RELEASE)?.n ?? 0
  return {
    strategy,
    kind,
    exitCode: summary.exitCode,
    stage: wayBack?.stage ?? '–',
    harmed: summary.requests.harmed,
    budget: budgetOf(events),
    exposed,
    detectMs: wayBack?.detect?.cloudMs,
    sentence: summary.trouble?.sentence ?? summary.sentence ?? '',
  }
}

const directory = await mkdtemp(join(tmpdir(), 'sluice-defects-'))
/** Kinds by name, or as JSON whole defects and lists of them: values and combinations that the table has not. */
const chosen = process.argv.slice(2)
const kinds = Object.keys(defects).filter((kind) => chosen.length === 0 || chosen.includes(kind))
const own = chosen
  .filter((each) => /^[[{]/.test(each))
  .map((json, i) => [`given-${i + 1}`, [JSON.parse(json)].flat()] as const)
const cases = [
  ...kinds.map((kind) => [kind, [{ kind, ...PARAMETERS[kind as keyof typeof defects] }]] as const),
  ...own,
]
const table: string[] = []
const print = (cells: readonly unknown[]): void => {
  const line = `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |\n`
  table.push(line)
  process.stdout.write(line)
}
let missed = 0
let over = 0
try {
  const releases = cases.map(
    ([name, defects]) => [name, { version: RELEASE, userData: { version: RELEASE, defects } }] as const,
  )
  const config = await configBeside(directory, { releases: Object.fromEntries(releases) })
  print(['defect', 'strategy', 'exit', 'caught at', 'harmed', 'budget', 'met', 'detected after', 'why'])
  print(['---', '---', '---', '---', '---', '---', '---', '---', '---'])
  for (const [kind] of cases) {
    for (const strategy of STRATEGIES) {
      const row = await caught(config, strategy, kind)
      if (row.exitCode !== 3 && row.exitCode !== 4) missed++
      if (isOver(row.harmed, row.budget)) over++
      const { exitCode, stage, harmed, budget, exposed, detectMs, sentence } = row
      const detected = detectMs === undefined ? '–' : `${(detectMs / 1000).toFixed(0)} s`
      print([kind, strategy, exitCode, stage, harmed, Math.ceil(budget.exposed), exposed, detected, sentence])
    }
  }
} finally {
  await rm(directory, { recursive: true })
}
if (chosen.length === 0) writeFileSync(join(import.meta.dirname, 'defects.md'), HEAD + table.join(''))
process.stderr.write(missed === 0 ? 'every defect was caught\n' : `${missed} were not caught\n`)
process.stderr.write(
  over === 0 ? 'none harmed more than its budget\n' : `${over} harmed more than their budget\n`,
)
process.exitCode = missed + over === 0 ? 0 : 1
