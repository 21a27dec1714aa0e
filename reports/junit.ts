import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { firstLine, plain } from '#harness/journal/figures'
import type { DeploymentSummary } from '#harness/journal/summary'
import type { Reporter, ReporterOptions } from '#harness/report'
import { type Case, type Result, type Suite, suitesOf } from './cases.ts'
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

function junitXml(summary: DeploymentSummary): string {
  const suites = suitesOf(summary)
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
    `  <testsuite ${attributes({ name, timestamp: new Date(at).toISOString().slice(0, 19), ...totals(cases) })}>`,
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
