import { count, counted, duration, percent } from '#harness/journal/figures'
import type { DeploymentSummary, Section } from '#harness/journal/summary'
import { outcomeWords } from '../story.ts'
import { type Axis, axisOf, type Bin, binsOf, ticksOf, tidy, WIDTH } from './axis.ts'
import { type Markup, markup } from './markup.ts'
import { marksOf } from './way-back.ts'

const HEIGHT = 100
/** Failure colours there are; rarer outcomes share the last. */
const FAILURE_COLOURS = 4

/** Three panels over one time axis: who was meant to serve, who did, and what went wrong. */
export function charts(summary: DeploymentSummary): Markup {
  const axis = axisOf(summary)
  const bins = binsOf(summary.traffic, axis)
  const { to, from, requests } = summary
  return markup`<figure class="timeline">
    ${legend(summary)}
    <div class="row"><div class="axis"></div><div class="area bands">${summary.sections.map((section) => band(section, axis))}</div></div>
    ${marksRow(summary, axis)}
    ${panel(`Share of traffic on ${to}`, ['100 %', '50 %', '0 %'], 'share', shareChart(summary, axis, bins), backdrop(summary, axis))}
    ${panel('Requests a second, by who answered', rateLabels(bins, summary), 'rate', rateChart(summary, axis, bins), backdrop(summary, axis))}
    ${
      requests.harmed > 0
        ? panel(
            'Failed requests',
            failedLabels(bins),
            'failed',
            failedChart(summary, axis, bins),
            backdrop(summary, axis),
          )
        : markup`<h3>Failed requests</h3><div class="row"><div class="axis"></div><div class="area none">${requests.total === 0 ? 'no request was sent' : `none: 0 of ${counted(requests.total, 'request')} failed`}</div></div>`
    }
    <div class="row"><div class="axis"></div><div class="area ticks">${ticksOf(axis).map(({ offset, label }) => markup`<span style="left:${axis.x(axis.from + offset) / 10}%">${label}</span>`)}</div></div>
    <figcaption>Cloud time since the start${summary.cloud.scale === 1 ? '' : `, which ran ${summary.cloud.scale} times as fast as the wall's`}. Lines: the share that the load balancer's weights give to ${to}; dots: the share of requests that ${to} really answered. Everything else was answered by ${from}, or failed.</figcaption>
  </figure>`
}

function legend({ from, to, requests }: DeploymentSummary): Markup {
  const failures = requests.byOutcome.map(
    ({ outcome, n }, i) =>
      markup`<li><i class="key f${Math.min(i, FAILURE_COLOURS - 1)}"></i>failed: ${outcomeWords[outcome]} (${count(n)})</li>`,
  )
  const answered = (version: string): string =>
    count(requests.byVersion.find((each) => each.version === version)?.n ?? 0)
  return markup`<ul class="legend">
    <li><i class="key new"></i>${to}, new (${answered(to)} answers)</li>
    <li><i class="key old"></i>${from}, old (${answered(from)} answers)</li>
    ${failures}
  </ul>`
}

function band(section: Section, axis: Axis): Markup {
  const left = axis.x(section.from) / 10
  const width = tidy(axis.x(section.to) / 10 - left)
  const verdict = section.gates.at(-1)?.verdict.status
  const mark = verdict === undefined ? '' : verdict === 'passed' ? '✓' : '✗'
  const tone = section.kind === 'revert' ? 'revert' : mark === '✗' ? 'bad' : mark === '✓' ? 'good' : ''
  const title = `${section.name}${verdict === undefined ? '' : `: gate ${verdict}`}, ${duration(section.to - section.from)}, ${counted(section.requests, 'request')}, ${count(section.harmed)} failed`
  return markup`<span class="band ${tone}" style="left:${left}%;width:${width}%" title="${title}"><b>${mark}</b> ${section.name}</span>`
}

function marksRow(summary: DeploymentSummary, axis: Axis): Markup | undefined {
  const marks = marksOf(summary)
  if (marks.length === 0) return undefined
  const pills: { x: number; names: string[] }[] = []
  for (const { at, number } of marks) {
    const x = axis.x(at) / 10
    const last = pills.at(-1)
    if (last && x - last.x < 6) last.names.push(String(number))
    else pills.push({ x, names: [String(number)] })
  }
  return markup`<div class="row"><div class="axis"></div><div class="area marks">${pills.map(({ x, names }) => markup`<span style="left:${Math.min(x, 98)}%">${names.join(' ')}</span>`)}</div></div>`
}

function panel(
  name: string,
  labels: readonly string[],
  kind: string,
  chart: { readonly body: Markup; readonly says: string },
  behind: Markup,
): Markup {
  return markup`<h3>${name}</h3><div class="row panel ${kind}">
    <div class="axis">${labels.map((label) => markup`<span>${label}</span>`)}</div>
    <div class="area"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${chart.says}">${behind}${chart.body}</svg></div>
  </div>`
}

/** Where stages begin, and the way back. */
function backdrop(summary: DeploymentSummary, axis: Axis): Markup {
  const { wayBack } = summary.recoverable
  const borders = summary.sections.slice(1).map(({ from }) => line(axis.x(from), 'border'))
  const grid = markup`<path class="grid" d="M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}"/>`
  if (!wayBack) return markup`${grid}${borders}`
  const from = axis.x(wayBack.detectedAt)
  const to = axis.x(wayBack.restoredAt ?? wayBack.endedAt)
  return markup`${grid}${borders}<rect class="harm" x="${from}" width="${Math.max(2, tidy(to - from))}" y="0" height="${HEIGHT}"/>
    ${line(from, 'detected')}${line(axis.x(wayBack.decidedAt), 'decided')}${wayBack.restoredAt === undefined ? undefined : line(axis.x(wayBack.restoredAt), 'restored')}`
}

const line = (x: number, kind: string): Markup => markup`<path class="${kind}" d="M${x} 0V${HEIGHT}"/>`

function shareChart(
  { shares, to }: DeploymentSummary,
  axis: Axis,
  bins: readonly Bin[],
): { body: Markup; says: string } {
  const y = (share: number): number => tidy(HEIGHT * (1 - share))
  let path = `M0 ${y(shares[0]?.shares[to] ?? 0)}`
  for (const point of shares.slice(1)) path += `H${axis.x(point.at)}V${y(point.shares[to] ?? 0)}`
  path += `H${WIDTH}`
  const dots = bins.flatMap(({ from, to: until, counts }) => {
    const answered = sum(counts.filter(({ version }) => version !== ''))
    if (answered === 0) return []
    const served = sum(counts.filter(({ version }) => version === to)) / answered
    const x = axis.x((from + until) / 2)
    return markup`<path class="dot" d="M${x} ${y(served)}h.01"><title>${to} answered ${percent(served)} of ${counted(answered, 'request')}</title></path>`
  })
  const says = shares.map(({ stage, shares: parts }) => `${stage}: ${percent(parts[to] ?? 0)}`).join(', ')
  return {
    body: markup`<path class="fill" d="${path}V${HEIGHT}H0Z"/><path class="weights" d="${path}"/>${dots}`,
    says: `Share of traffic on ${to}: ${says}.`,
  }
}

const sum = (counts: readonly { readonly n: number }[]): number => counts.reduce((all, { n }) => all + n, 0)

/** Requests in a wall second: the probe's rate is kept in wall time. */
const rateOf = (n: number, { from, to }: Bin, scale: number): number =>
  (n * 1000 * scale) / Math.max(1, to - from)

function peakRate(bins: readonly Bin[], scale: number): number {
  return round(Math.max(1, ...bins.map((bin) => rateOf(sum(bin.counts), bin, scale))))
}

/** The next number that reads well: 1, 1.2, 2, 3, 4, 5, 6, 8 or 10 times a power of ten. */
function round(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 1.2, 2, 3, 4, 5, 6, 8, 10].find((each) => each * power >= value * 0.999) ?? 10) * power
}

function rateLabels(bins: readonly Bin[], { cloud }: DeploymentSummary): readonly string[] {
  const peak = peakRate(bins, cloud.scale)
  return [count(peak), peak % 2 === 0 ? count(peak / 2) : '', '0']
}

/** A bar of stacked pieces, each with its class, from the bottom. */
function bar(bin: Bin, axis: Axis, pieces: readonly (readonly [string, number])[], peak: number): Markup {
  const x = axis.x(bin.from)
  const width = Math.max(0.5, tidy((axis.x(bin.to) - x) * 0.92))
  let top = HEIGHT
  const rects = pieces.map(([kind, value]) => {
    const height = tidy(Math.min(top, (value / peak) * HEIGHT))
    top = tidy(top - height)
    return height > 0
      ? markup`<rect class="${kind}" x="${x}" y="${top}" width="${width}" height="${height}"/>`
      : undefined
  })
  return markup`<g class="bar">${rects}<title>${barTitle(bin, axis)}</title></g>`
}

function barTitle({ from, to, stage, counts }: Bin, axis: Axis): string {
  const grouped = new Map<string, number>()
  for (const { version, outcome, n } of counts) {
    const what = `${version === '' ? 'no answer' : version} ${outcomeWords[outcome]}`
    grouped.set(what, n + (grouped.get(what) ?? 0))
  }
  const parts = [...grouped].map(([what, n]) => `${what} ${count(n)}`)
  return `${duration(from - axis.from)} to ${duration(to - axis.from)}, ${stage}: ${parts.join(', ')}`
}

function rateChart(
  summary: DeploymentSummary,
  axis: Axis,
  bins: readonly Bin[],
): { body: Markup; says: string } {
  const { cloud, to, from, requests } = summary
  const peak = peakRate(bins, cloud.scale)
  const bars = bins.map((bin) => {
    const ok = bin.counts.filter(({ outcome }) => outcome === 'ok')
    const of = (pick: (version: string) => boolean): number =>
      rateOf(sum(ok.filter(({ version }) => pick(version))), bin, cloud.scale)
    const pieces = [
      ['new', of((version) => version === to)],
      ['old', of((version) => version === from)],
      ['other', of((version) => version !== to && version !== from)],
      ...failures(summary, bin).map(([kind, n]) => [kind, rateOf(n, bin, cloud.scale)] as const),
    ] as const
    return bar(bin, axis, pieces, peak)
  })
  return {
    body: markup`${bars}`,
    says: `Requests over time: ${requests.byVersion.map(({ version, n }) => `${count(n)} answered by ${version === '' ? 'none' : version}`).join(', ')}.`,
  }
}

function failures({ requests }: DeploymentSummary, { counts }: Bin): readonly (readonly [string, number])[] {
  return requests.byOutcome.map(({ outcome }, i) => [
    `f${Math.min(i, FAILURE_COLOURS - 1)}`,
    sum(counts.filter((each) => each.outcome === outcome)),
  ])
}

const failedPeak = (bins: readonly Bin[]): number =>
  round(Math.max(1, ...bins.map(({ counts }) => sum(counts.filter(({ outcome }) => outcome !== 'ok')))))

const failedLabels = (bins: readonly Bin[]): readonly string[] => {
  const peak = failedPeak(bins)
  return [count(peak), peak % 2 === 0 ? count(peak / 2) : '', '0']
}

function failedChart(
  summary: DeploymentSummary,
  axis: Axis,
  bins: readonly Bin[],
): { body: Markup; says: string } {
  const peak = failedPeak(bins)
  const { harmed, total, byOutcome } = summary.requests
  return {
    body: markup`${bins.map((bin) => bar(bin, axis, failures(summary, bin), peak))}`,
    says: `${count(harmed)} of ${counted(total, 'request')} failed: ${byOutcome.map(({ outcome, n }) => `${outcomeWords[outcome]} ${count(n)}`).join(', ')}.`,
  }
}
