import { counted, duration } from '#harness/journal/figures'
import type { DeploymentSummary } from '#harness/journal/summary'
import { afterWhat, spanText } from '../story.ts'
import { type Markup, markup } from './markup.ts'

interface Mark {
  readonly number: number
  readonly at: number
  readonly what: string
  readonly big: string
  readonly detail: string
}

/** The steps of the way back, numbered alike on the charts and in their own section. */
export function marksOf(summary: DeploymentSummary): readonly Mark[] {
  const { recoverable, from, to, cloud, state } = summary
  const { wayBack } = recoverable
  if (!wayBack) return []
  const { detect, decide, call, calls, observedZero, whole } = wayBack
  const after = afterWhat(wayBack)
  const cloudTime = ({ cloudMs }: { readonly cloudMs: number }): string =>
    cloud.scale === 1 ? '' : ` (cloud ${duration(cloudMs)})`
  const steps: (Omit<Mark, 'number'> | undefined)[] = [
    wayBack.cause === 'gate'
      ? {
          at: wayBack.detectedAt,
          what: 'First sign of trouble',
          big: detect ? duration(detect.wallMs) : 'at once',
          detail: detect ? `after ${to} had its share${cloudTime(detect)}` : `before ${to} had any traffic`,
        }
      : undefined,
    {
      at: wayBack.decidedAt,
      what: wayBack.cause === 'gate' ? 'Verdict' : wayBack.cause === 'error' ? 'Error' : 'Interrupted',
      big: wayBack.cause === 'gate' ? duration(decide.wallMs) : wayBack.stage,
      detail:
        wayBack.cause === 'gate' ? `later: turn back from ${wayBack.stage}${cloudTime(decide)}` : 'turn back',
    },
    call && wayBack.restoredAt !== undefined
      ? {
          at: wayBack.restoredAt,
          what: `${from} has all traffic`,
          big: duration(call.wallMs),
          detail: `${after}, with ${counted(calls ?? 0, 'API call')}${cloudTime(call)}`,
        }
      : undefined,
    observedZero && wayBack.lastSeenAt !== undefined
      ? {
          at: wayBack.lastSeenAt,
          what: `Last answer of ${to}`,
          big: duration(observedZero.wallMs),
          detail: `${after}, seen by the probe${cloudTime(observedZero)}`,
        }
      : undefined,
    {
      at: wayBack.endedAt,
      what: state === 'reverted' ? 'Everything put back' : 'Stopped short',
      big: duration(whole.wallMs),
      detail: `${after}${cloudTime(whole)}`,
    },
  ]
  return steps.filter((step) => step !== undefined).map((step, i) => ({ ...step, number: i + 1 }))
}

export function wayBackSection(summary: DeploymentSummary): Markup | undefined {
  const marks = marksOf(summary)
  if (marks.length === 0) return undefined
  const { downtime } = summary.recoverable
  const down =
    downtime.cloudMs === 0
      ? 'At no time was every request failing.'
      : `Downtime: ${spanText(downtime, summary.cloud.scale)} in which no request was answered.`
  return markup`<section aria-labelledby="way-back">
    <h2 id="way-back">The way back</h2>
    <ol class="steps">${marks.map(({ number, what, big, detail }) => markup`<li><span class="number">${number}</span><p>${what}</p><strong>${big}</strong><small>${detail}</small></li>`)}</ol>
    <p class="muted">${down}</p>
  </section>`
}
