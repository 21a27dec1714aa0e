import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { firstLine, plain } from '#harness/journal/figures'
import type { DeploymentSummary } from '#harness/journal/summary'
import type { Reporter, ReporterOptions } from '#harness/report'
import { type Case, type Result, type Suite, suitesOf } from './cases.ts'
import { Gathered } from './gathered.ts'

/** What Allure calls them: what could not be decided is broken, not failed. */
const STATUS = {
  passed: 'passed',
  failed: 'failed',
  error: 'broken',
  skipped: 'skipped',
} as const satisfies Record<Result, string>

/**
 * Allure results, a file for each case, in `allure-results/` (Allure Report, Test result file, 2026). The stage is a
 * parameter of each: without one Allure takes the same test at several stages for retries, and hides a failure.
 */
export function allure({ directory }: ReporterOptions): Reporter {
  const gathered = new Gathered()
  return {
    event: (event) => gathered.add(event),
    close() {
      const summary = gathered.summary()
      if (!summary) return []
      const into = join(directory, 'allure-results')
      mkdirSync(into, { recursive: true })
      return suitesOf(summary).flatMap((suite) =>
        suite.cases.map((each) => {
          const result = resultOf(summary, suite, each)
          const path = join(into, `${result.uuid}-result.json`)
          writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`)
          return path
        }),
      )
    },
  }
}

function resultOf(summary: DeploymentSummary, { name: suite, stage, at }: Suite, each: Case) {
  const { service, deployment, from, to, cloud } = summary
  const fullName = `${service} / ${each.className} / ${each.name}`
  const message = plain(each.message)
  return {
    // The same journal written again replaces its results.
    uuid: uuidOf(`${deployment} ${fullName}`),
    // The same case of another deployment of the service is its history.
    historyId: createHash('md5').update(fullName).digest('hex'),
    fullName,
    name: each.name,
    status: STATUS[each.result],
    ...(each.result === 'passed' ? {} : { statusDetails: { message: firstLine(message), trace: message } }),
    stage: 'finished',
    start: Math.round(at - each.seconds * 1_000),
    stop: Math.round(at),
    labels: [
      { name: 'framework', value: 'sluice' },
      { name: 'epic', value: service },
      { name: 'parentSuite', value: `${service} ${from} to ${to}` },
      { name: 'suite', value: suite },
      { name: 'tag', value: `${cloud.kind} ${cloud.region}` },
    ],
    parameters: [{ name: 'stage', value: stage }],
  }
}

/** A UUID of version 8, made of a hash (RFC 9562, section 5.8). */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
