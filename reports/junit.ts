import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestResult, VerdictStatus } from '#harness/gate'
import { firstLine, plain } from '#harness/journal/figures'
import type { DeploymentSummary, GateSummary } from '#harness/journal/summary'
import type { Reporter, ReporterOptions } from '#harness/report'
import { Gathered } from './gathered.ts'
import { escapeText } from './html/markup.ts'

/** JUnit XML for pipelines: each gate a testsuite, each of its looks and tests a testcase. */
export function junit({ directory }: ReporterOptions): Reporter {
  const gathered = new Gathered()
  return {
    event: (event) => gathered.add(event),
    close() {
      const summary = gathered.summary()
      if (!summary) return []
      mkdirSync(directory, { recursive: true })
      const path = join(directory, 'junit.xml')
      writeFileSync(path, junitXml(summary))
      return [path]
    },
  }
}

type Result = 'passed' | 'failed' | 'error' | 'skipped'

interface Case {
  readonly className: string
  readonly name: string
  readonly result: Result
  readonly seconds: number
  readonly message: string
}

interface Suite {
  readonly name: string
  readonly at: string
  readonly cases: readonly Case[]
}

function junitXml(summary: DeploymentSummary): string {
  const suites = [...summary.gates.map((gate, i) => gateSuite(gate, i, summary)), deploymentSuite(summary)]
  const all = suites.flatMap(({ cases }) => cases)
  const name = `${summary.service} ${summary.from} to ${summary.to}`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name, ...totals(all) })}>`,
    ...suites.flatMap(suiteLines),
    '</testsuites>',
    '',
  ].join('\n')
}

/** The stage is part of every name: results of the same test at several stages must never fall together. */
function gateSuite(
  gate: GateSummary,
  i: number,
  { gates, startedAt, startedWallAt, cloud }: DeploymentSummary,
): Suite {
  const stage = gate.phase === 'pre-deploy' ? 'pre-deploy' : gate.stage
  const again = gates
    .slice(0, i)
    .filter((other) => other.stage === gate.stage && other.phase === gate.phase).length
  const suffix = again === 0 ? '' : ` (look ${again + 1})`
  const name = `${stage} / ${gate.phase}${suffix}`
  const looks = gate.verdict.evidence.map((look) => ({
    className: `${name} / evidence`,
    name: `${look.metric} [${stage}${suffix}]`,
    result: resultOf(look.status),
    seconds: 0,
    message: look.sentence,
  }))
  const tests = gate.tests.map((test) => ({
    className: `${name} / ${test.file}`,
    name: `${test.name} [${stage}${suffix}]`,
    result: resultOf(test.status),
    seconds: test.tookMs / 1000,
    message: test.message ?? test.status,
  }))
  const verdict = {
    className: name,
    name: `the gate opens [${stage}${suffix}]`,
    result: resultOf(gate.verdict.status),
    seconds: 0,
    message: gate.verdict.sentence,
  }
  return {
    name,
    at: new Date(startedWallAt + (gate.at - startedAt) / cloud.scale).toISOString().slice(0, 19),
    cases: [verdict, ...looks, ...tests],
  }
}

/** One that never reached a gate must not come out green. */
function deploymentSuite(summary: DeploymentSummary): Suite {
  const good = summary.state === 'promoted' || summary.state === 'nothing-to-do'
  const failed = summary.trouble?.status === 'failed'
  const seconds = summary.rapid.whole.wallMs / 1000
  const details = [
    summary.trouble?.sentence,
    ...(summary.trouble?.evidence ?? []),
    ...summary.left,
    summary.next,
  ]
  return {
    name: 'deployment',
    at: new Date(summary.startedWallAt).toISOString().slice(0, 19),
    cases: [
      {
        className: 'deployment',
        name: `${summary.service} ${summary.to} is promoted`,
        result: good ? 'passed' : failed ? 'failed' : 'error',
        seconds,
        message: [summary.headline, ...details.filter((line) => line !== undefined)].join('\n'),
      },
    ],
  }
}

function resultOf(status: VerdictStatus | TestResult['status']): Result {
  switch (status) {
    case 'passed':
    case 'flaky':
      return 'passed'
    case 'failed':
      return 'failed'
    case 'skipped':
      return 'skipped'
    default:
      return 'error'
  }
}

function totals(cases: readonly Case[]): Readonly<Record<string, string | number>> {
  const number = (result: Result): number => cases.filter((each) => each.result === result).length
  return {
    tests: cases.length,
    failures: number('failed'),
    errors: number('error'),
    skipped: number('skipped'),
    time: cases.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(3),
  }
}

function suiteLines({ name, at, cases }: Suite): readonly string[] {
  return [
    `  <testsuite ${attributes({ name, timestamp: at, ...totals(cases) })}>`,
    ...cases.map(caseLine),
    '  </testsuite>',
  ]
}

function caseLine({ className, name, result, seconds, message }: Case): string {
  const head = attributes({ classname: className, name, time: seconds.toFixed(3) })
  if (result === 'passed') return `    <testcase ${head}/>`
  const element = result === 'failed' ? 'failure' : result
  const first = attributes({ message: firstLine(message) })
  return `    <testcase ${head}><${element} ${first}>${escapeText(plain(message))}</${element}></testcase>`
}

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}="${escapeText(plain(String(value)))}"`)
    .join(' ')
