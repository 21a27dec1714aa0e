import type { Outcome } from '#harness/gate'
import { count, counted, duration, percent } from '#harness/journal/figures'
import type { DeploymentSummary, RequestFigures, Span, Trouble, WayBack } from '#harness/journal/summary'

/** What every report for people tells, in the same words. */
export interface Story {
  readonly tone: 'good' | 'bad' | 'neutral'
  readonly headline: string
  /** What became of the requests, in a sentence. */
  readonly requests: string
  /** Why it did not go through and what to do; empty when it did. */
  readonly trouble: readonly Fact[]
  /** The three Rs and the requests, with their numbers. */
  readonly figures: readonly Fact[]
}

export interface Fact {
  readonly label: string
  readonly lines: readonly string[]
}

export function storyOf(summary: DeploymentSummary): Story {
  return {
    tone: toneOf(summary),
    headline: summary.headline,
    requests: requestsSentence(summary),
    trouble: troubleFacts(summary),
    figures: [
      rapid(summary),
      repeatable(summary),
      recoverable(summary),
      requests(summary),
      ...writes(summary),
    ],
  }
}

function toneOf({ state }: DeploymentSummary): Story['tone'] {
  if (state === 'promoted' || state === 'nothing-to-do') return 'good'
  return state === 'unfinished' ? 'neutral' : 'bad'
}

export const requestsSentence = ({ requests: { total, harmed, announced } }: DeploymentSummary): string => {
  if (total === 0) return 'No request was sent.'
  const more = announced > 0 ? ` ${count(announced)} more fell into the downtime that was announced.` : ''
  return `${count(harmed)} of ${counted(total, 'request')} failed.${more}`
}

/** Wall time, and cloud time beside it where that runs faster. */
export const spanText = ({ wallMs, cloudMs }: Span, scale: number): string =>
  scale === 1 || cloudMs === 0 ? duration(wallMs) : `${duration(wallMs)} (cloud ${duration(cloudMs)})`

export const outcomeWords: Readonly<Record<Outcome, string>> = {
  ok: 'ok',
  dns: 'name not resolved',
  refused: 'connection refused',
  reset: 'connection cut',
  tls: 'TLS failed',
  'connect-timeout': 'no connection in time',
  'response-timeout': 'no answer in time',
  truncated: 'answer cut short',
  'elb-5xx': '5xx by the load balancer',
  'target-5xx': '5xx by the service',
  'wrong-status': 'wrong status',
  'wrong-body': 'wrong page',
  'lost-write': 'acknowledged write lost',
  'lost-session': 'session lost',
  'unknown-version': 'unknown version answered',
}

export const versionWords = (version: string): string => (version === '' ? 'no target' : version)

function troubleFacts(summary: DeploymentSummary): readonly Fact[] {
  const { trouble, next, left } = summary
  if (!trouble) return summary.state === 'unfinished' ? [{ label: 'Next', lines: [next] }] : []
  const { wayBack } = summary.recoverable
  return [
    {
      label: trouble.status === 'interrupted' ? 'What happened' : 'What failed',
      lines: [whatFailed(trouble)],
    },
    { label: 'Evidence', lines: trouble.evidence },
    { label: 'Harmed', lines: [harmed(summary)] },
    {
      label: 'The way back',
      lines: wayBack ? wayBackLines(wayBack, summary) : [summary.recoverable.sentence],
    },
    { label: 'Left to do', lines: left },
    { label: 'Next', lines: [next] },
  ].filter(({ lines }) => lines.length > 0)
}

function whatFailed({ gate, stage, status, sentence }: Trouble): string {
  if (gate === undefined) return `${stage}: ${sentence}`
  const where =
    gate === 'pre-deploy'
      ? `the ${stage.replace(/^pre-deploy/, 'pre-deploy gate')}`
      : `the ${gate} gate of ${stage}`
  const how =
    status === 'inconclusive' ? ' (inconclusive)' : status === 'error' ? ' (could not be judged)' : ''
  return `${where}${how}: ${sentence}`
}

function harmed({ requests: { total, harmed: n, byOutcome, byVersion } }: DeploymentSummary): string {
  if (total === 0) return 'no request was sent'
  if (n === 0) return `0 of ${counted(total, 'request')} failed`
  const outcomes = byOutcome.map((each) => `${count(each.n)} ${outcomeWords[each.outcome]}`).join(', ')
  const versions = byVersion
    .filter((each) => each.harmed > 0)
    .map((each) =>
      each.version === ''
        ? `${count(each.harmed)} reached no target`
        : `${count(each.harmed)} of ${count(each.n)} that ${each.version} answered`,
    )
  return `${count(n)} of ${counted(total, 'request')} (${percent(n / total)}): ${outcomes}; ${versions.join(', ')}`
}

function wayBackLines(wayBack: WayBack, { to, from, cloud: { scale }, state }: DeploymentSummary): string[] {
  const { call, calls, observedZero, detect, decide, whole } = wayBack
  const after = afterWhat(wayBack)
  const lines: string[] = []
  if (call) {
    const with1 = counted(calls ?? 0, 'call')
    lines.push(
      calls === 0
        ? `${from} had all traffic: no call was needed`
        : `traffic back on ${from} ${spanText(call, scale)} ${after}, with ${with1}`,
    )
  } else {
    lines.push(`not confirmed that ${from} has all traffic`)
  }
  if (observedZero) lines.push(`last answer of ${to} seen ${spanText(observedZero, scale)} ${after}`)
  if (wayBack.cause === 'gate') {
    const found = detect ? `found ${spanText(detect, scale)} after the stage had its traffic, ` : ''
    lines.push(`${found}decided in ${spanText(decide, scale)}`)
  }
  const rest = state === 'reverted' ? 'everything put back' : 'stopped'
  lines.push(`${rest} ${spanText(whole, scale)} ${after}`)
  return lines
}

/** What the way back is timed from, in words. */
export const afterWhat = ({ cause }: Pick<WayBack, 'cause'>): string =>
  ({
    gate: 'after the verdict',
    error: 'after the error',
    interrupted: 'after the interruption',
    planned: 'after the last gate',
  })[cause]

function rapid({ rapid: figures, cloud, sections }: DeploymentSummary): Fact {
  const stages = Math.max(1, sections.filter(({ kind }) => kind === 'stage').length)
  const waits = figures.waits.map((wait) => `${wait.for} ${duration(wait.ms)}`).join(', ')
  const worst = Math.max(0, ...sections.map(({ overheadWallMs }) => overheadWallMs))
  const whole =
    cloud.scale === 1
      ? duration(figures.whole.wallMs)
      : `${duration(figures.whole.wallMs)} of wall time, ${duration(figures.whole.cloudMs)} of cloud time`
  return {
    label: 'Rapid',
    lines: [
      whole,
      waits === '' ? 'AWS made it wait for nothing' : `AWS's waits${inCloudTime(cloud.scale)}: ${waits}`,
      `Sluice's own overhead: ${duration(figures.overheadWallMs)} (${duration(figures.overheadWallMs / stages)} a stage, worst ${duration(worst)})`,
      `human steps: ${figures.humanSteps}`,
    ],
  }
}

const inCloudTime = (scale: number): string => (scale === 1 ? '' : ' in cloud time')

function repeatable({ repeatable: figures }: DeploymentSummary): Fact {
  const kinds = figures.changes.map(({ kind, n }) => `${kind} ${n}`).join(', ')
  const all = figures.all === undefined ? '' : ` (${count(figures.all)} with looking)`
  const failed = figures.failed > 0 ? `, ${count(figures.failed)} not done` : ''
  return {
    label: 'Repeatable',
    lines: [
      `plan ${figures.planHash.slice(0, 12)}, ${counted(figures.changed, 'change')} in ${counted(figures.calls, 'API call')}${all}${failed}`,
      ...(kinds === '' ? [] : [kinds]),
    ],
  }
}

function recoverable(summary: DeploymentSummary): Fact {
  const { recoverable: figures, cloud } = summary
  const { wayBack, downtime, announcedDowntime: announced } = figures
  const known = announced.cloudMs === 0 ? '' : `, ${spanText(announced, cloud.scale)} of it announced`
  const down = downtime.cloudMs === 0 ? 'downtime: 0' : `downtime: ${spanText(downtime, cloud.scale)}${known}`
  const judged = wayBack?.cause === 'gate' ? wayBack : undefined
  const steps = wayBack && [
    ...(judged?.detect ? [`detect ${duration(judged.detect.wallMs)}`] : []),
    ...(judged ? [`decide ${duration(judged.decide.wallMs)}`] : []),
    ...(wayBack.call ? [`call ${duration(wayBack.call.wallMs)}`] : []),
    ...(wayBack.observedZero ? [`observed zero ${duration(wayBack.observedZero.wallMs)}`] : []),
  ]
  return {
    label: 'Recoverable',
    lines: [
      steps && steps.length > 0 ? `${steps.join(', ')} (wall time)` : figures.sentence,
      down,
      ...(summary.announcement === undefined ? [] : [summary.announcement]),
    ],
  }
}

/** E.g. `120 acknowledged: 119 read back as written, 1 lost`, and which. */
function writes({ writes: report }: DeploymentSummary): readonly Fact[] {
  if (!report) return []
  const { written, read, lost, unread, losses } = report
  const notRead = unread > 0 ? `, ${count(unread)} could not be read` : ''
  const what = `${count(written)} acknowledged: ${count(read)} read back as written, ${count(lost)} lost${notRead}`
  return [{ label: 'Writes', lines: [what, ...losses] }]
}

const ledTo = ({ answer, version, n, harmed: bad }: RequestFigures['byAnswer'][number]): string =>
  `${answer} ${versionWords(version)} ${count(n)}${bad > 0 ? ` (${count(bad)} failed)` : ''}`

function requests(summary: DeploymentSummary): Fact {
  const { total, harmed: n, bound, byVersion, byAnswer, latency, dropped } = summary.requests
  const versions = byVersion.map(({ version, n }) => {
    const p99 = latency[version]?.p99
    return `${versionWords(version)} ${count(n)}${p99 === undefined ? '' : ` (p99 ≤ ${duration(p99)})`}`
  })
  const zero =
    bound === undefined ? '' : `; n = ${count(total)}, so with 95 % confidence at most ${percent(bound)} fail`
  return {
    label: 'Requests',
    lines: [
      total === 0 ? 'no request was sent' : `${count(n)} of ${counted(total, 'request')} failed${zero}`,
      ...(versions.length > 0 ? [`by version: ${versions.join(', ')}`] : []),
      ...(byAnswer.length > 0 ? [`by what DNS answered: ${byAnswer.map(ledTo).join(', ')}`] : []),
      ...(dropped > 0 ? [`${count(dropped)} planned requests could not be sent in time`] : []),
    ],
  }
}
