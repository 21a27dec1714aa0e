import { count, counted, duration, percent } from '#harness/journal/figures'
import type { DeploymentSummary } from '#harness/journal/summary'
import { afterWhat, requestsSentence, type Story, spanText, versionWords } from '../story.ts'
import { tidy } from './axis.ts'
import { type Markup, markup } from './markup.ts'

const OUTCOMES: Readonly<Record<DeploymentSummary['state'], string>> = {
  promoted: '✓ Promoted',
  'nothing-to-do': '✓ Nothing to do',
  reverted: '✗ Turned back',
  'revert-incomplete': '✗ A person is needed',
  untouched: '✗ Not started',
  unfinished: '· Not finished',
}

/** What an on-call engineer reads first, and perhaps alone. */
export function top(summary: DeploymentSummary, story: Story): Markup {
  const { strategy, cloud, startedWallAt, deployment, from, to, service } = summary
  const started = new Date(startedWallAt).toISOString().slice(0, 16).replace('T', ' ')
  return markup`<header class="hero ${story.tone}">
    <p class="state">${OUTCOMES[summary.state]}</p>
    <h1>${story.headline}</h1>
    <p class="lead">${requestsSentence(summary)} ${summary.trouble ? '' : `It took ${spanText(summary.rapid.whole, cloud.scale)}.`}</p>
    ${
      story.trouble.length === 0
        ? undefined
        : markup`<dl>${story.trouble.map(({ label, lines }) => markup`<dt>${label}</dt><dd>${told(label, lines)}</dd>`)}</dl>`
    }
    <p class="meta">${service} ${from} → ${to} · ${strategy} · ${cloud.kind} cloud, ${cloud.region} · ${started} UTC · ${deployment}</p>
  </header>`
}

/** The way back has a section of its own; here its first line is enough. */
function told(label: string, lines: readonly string[]): Markup {
  if (lines.length === 1 || label === 'The way back') return markup`${lines[0]}`
  return markup`<ul>${lines.map((line) => markup`<li>${line}</li>`)}</ul>`
}

interface Card {
  readonly name: string
  readonly big: string
  readonly under: string
  readonly body: Markup
  readonly tone?: 'good' | 'bad'
}

export function threeRs(summary: DeploymentSummary): Markup {
  const cards = [rapid(summary), repeatable(summary), recoverable(summary), requests(summary)]
  return markup`<section class="cards" aria-label="The three Rs">${cards.map(
    ({ name, big, under, body, tone }) =>
      markup`<article class="card"><h2>${name}</h2><p class="big ${tone ?? ''}">${big}</p><p class="under">${under}</p>${body}</article>`,
  )}</section>`
}

function rapid({
  rapid: { whole, waits, waitedMs, overheadWallMs, humanSteps },
  cloud,
}: DeploymentSummary): Card {
  const all = waits.reduce((sum, { ms }) => sum + ms, 0) + overheadWallMs * cloud.scale
  const part = (ms: number): number => tidy((ms / Math.max(1, all)) * 100)
  const pieces = [
    ...waits.map((wait, i) => ({
      name: wait.for as string,
      ms: wait.ms,
      kind: `w${Math.min(i, 5)}`,
      text: duration(wait.ms),
    })),
    {
      name: 'Sluice itself',
      ms: overheadWallMs * cloud.scale,
      kind: 'own',
      text: `${duration(overheadWallMs)}${cloud.scale === 1 ? '' : ' wall'}`,
    },
  ]
  return {
    name: 'Rapid',
    big: duration(whole.wallMs),
    under:
      cloud.scale === 1
        ? `${duration(waitedMs)} of it AWS's waits`
        : `of wall time; ${duration(whole.cloudMs)} of cloud time, ${duration(waitedMs)} of it AWS's waits`,
    body: markup`<div class="stack" aria-hidden="true">${pieces.map(({ kind, ms }) => markup`<i class="${kind}" style="width:${part(ms)}%"></i>`)}</div>
      <ul class="parts">${pieces.map(({ name, text, kind }) => markup`<li><i class="key ${kind}"></i>${name} <b>${text}</b></li>`)}<li><i class="key"></i>human steps <b>${humanSteps}</b></li></ul>`,
  }
}

function repeatable({ repeatable: figures }: DeploymentSummary): Card {
  return {
    name: 'Repeatable',
    big: counted(figures.changed, 'change'),
    under: `${counted(figures.calls, 'API call')}${figures.failed > 0 ? `, ${figures.failed} not done` : ''}; plan ${figures.planHash.slice(0, 12)}`,
    body: markup`<ul class="parts">${figures.changes.map(({ kind, n }) => markup`<li>${kind} <b>${count(n)}</b></li>`)}</ul>`,
  }
}

function recoverable({ recoverable: figures, from, cloud }: DeploymentSummary): Card {
  const { wayBack, downtime, announcedDowntime: announced } = figures
  const down = downtime.cloudMs === 0 ? '0' : spanText(downtime, cloud.scale)
  const judged = wayBack?.cause === 'gate' ? wayBack : undefined
  const parts = [
    ...(judged?.detect ? [['detect', duration(judged.detect.wallMs)]] : []),
    ...(judged ? [['decide', duration(judged.decide.wallMs)]] : []),
    ...(wayBack?.call ? [['call', duration(wayBack.call.wallMs)]] : []),
    ...(wayBack?.observedZero ? [['observed zero', duration(wayBack.observedZero.wallMs)]] : []),
    ['downtime', down],
    ...(announced.cloudMs > 0 ? [['of it announced', spanText(announced, cloud.scale)]] : []),
  ]
  return {
    name: 'Recoverable',
    big: wayBack ? (wayBack.call ? duration(wayBack.call.wallMs) : 'not confirmed') : 'not needed',
    under: wayBack?.call
      ? `until ${from} had all traffic, ${afterWhat(wayBack).replace('after', 'from')} on`
      : figures.sentence,
    ...(wayBack && !wayBack.call ? { tone: 'bad' as const } : {}),
    body: markup`<ul class="parts">${parts.map(([name, text]) => markup`<li>${name} <b>${text}</b></li>`)}</ul>`,
  }
}

function requests({ requests: figures, writes }: DeploymentSummary): Card {
  const { total, harmed, bound, byVersion, latency } = figures
  return {
    name: 'Requests',
    big: total === 0 ? 'none sent' : `${count(harmed)} failed`,
    under:
      total === 0
        ? 'so nothing is known of them'
        : `of ${count(total)}${bound === undefined ? '' : `; with 95 % confidence at most ${percent(bound)} fail`}${harmed > 0 ? ` (${percent(harmed / total)})` : ''}`,
    ...(total === 0 ? {} : { tone: harmed > 0 ? ('bad' as const) : ('good' as const) }),
    body: markup`<ul class="parts">${byVersion.map(({ version, n, harmed: bad }) => {
      const p99 = latency[version]?.p99
      const notes = [
        ...(bad > 0 ? [`${count(bad)} failed`] : []),
        ...(p99 === undefined ? [] : [`p99 ≤ ${duration(p99)}`]),
      ]
      return markup`<li>${versionWords(version)} <b>${count(n)}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}</b></li>`
    })}${writes ? markup`<li>writes read back <b>${count(writes.read)} of ${count(writes.written)}, ${count(writes.lost)} lost</b></li>` : ''}</ul>`,
  }
}
