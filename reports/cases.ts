import type { TestResult, VerdictStatus } from '#harness/gate'
import type { DeploymentSummary, GateSummary } from '#harness/journal/summary'

export type Result = 'passed' | 'failed' | 'error' | 'skipped'

export interface Case {
  readonly className: string
  readonly name: string
  readonly result: Result
  readonly seconds: number
  readonly message: string
}

export interface Suite {
  readonly name: string
  /** Wall instant at which it ended. */
  readonly at: number
  readonly stage: string
  readonly cases: readonly Case[]
}

/** What pipelines count: each gate a suite, each of its looks and tests a case, and the deployment itself. */
export const suitesOf = (summary: DeploymentSummary): readonly Suite[] => [
  ...summary.gates.map((gate, i) => gateSuite(gate, i, summary)),
  deploymentSuite(summary),
]

/** The stage is part of every name: results of the same test at several stages must never fall together. */
function gateSuite(
  gate: GateSummary,
  i: number,
  { gates, startedAt, startedWallAt, cloud }: DeploymentSummary,
): Suite {
  const stage = gate.name
  const again = gates
    .slice(0, i)
    .filter((other) => other.name === gate.name && other.phase === gate.phase).length
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
    stage: `${stage}${suffix}`,
    at: startedWallAt + (gate.at - startedAt) / cloud.scale,
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
    stage: 'deployment',
    at: summary.startedWallAt,
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
