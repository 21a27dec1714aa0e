import type { Evidence, TestResult } from '#harness/gate'
import { count, counted, duration, percent, plain } from '#harness/journal/figures'
import type { DeploymentSummary, GateSummary } from '#harness/journal/summary'
import { type Markup, markup } from './markup.ts'

export function gatesSection({ gates }: DeploymentSummary): Markup {
  const none = markup`<p class="muted">No gate was reached.</p>`
  return markup`<section aria-labelledby="gates">
    <h2 id="gates">Gates</h2>
    ${gates.length === 0 ? none : gates.map(gate)}
  </section>`
}

function gate({ name, phase, verdict, tests, bakedMs, suitesWallMs }: GateSummary): Markup {
  const open = verdict.status !== 'passed'
  const facts = [
    counted(tests.filter(({ status }) => status !== 'skipped').length, 'check'),
    ...(bakedMs > 0 ? [`baked ${duration(bakedMs)}`] : []),
  ]
  return markup`<details class="gate ${open ? 'bad' : 'good'}" ${open ? 'open' : ''}>
    <summary>
      <span class="chip">${open ? '✗' : '✓'} ${verdict.status}</span>
      <span class="name">${name}</span>
      <span class="sentence">${plain(verdict.sentence)}</span>
      <span class="facts">${facts.join(', ')}</span>
    </summary>
    <div class="inside">
      ${verdict.evidence.length === 0 ? undefined : evidenceTable(verdict.evidence)}
      ${tests.length === 0 ? markup`<p class="muted">No check ran.</p>` : testList(tests)}
      <p class="muted">${phase} suites: ${duration(suitesWallMs)} of wall time</p>
    </div>
  </details>`
}

function evidenceTable(evidence: readonly Evidence[]): Markup {
  return markup`<div class="scroll"><table>
    <thead><tr><th>Looked at</th><th>Verdict</th><th>Seen</th><th>Samples</th><th>Held to</th><th>Could have found</th></tr></thead>
    <tbody>${evidence.map(
      (look) => markup`<tr>
      <th scope="row">${look.metric}</th>
      <td class="${toneOf(look.status)}">${look.status}</td>
      <td>${plain(look.sentence)}</td>
      <td>${Object.entries(look.n ?? {})
        .map(([arm, n]) => `${arm}: ${count(n)}`)
        .join(', ')}</td>
      <td>${quantity(look.bound)}</td>
      <td>${quantity(look.detectable)}</td>
    </tr>`,
    )}</tbody>
  </table></div>`
}

/** Rates are shares of 1; anything larger is told as it stands. */
function quantity(value: number | undefined): string {
  if (value === undefined) return ''
  return value <= 1 ? percent(value) : String(Number(value.toPrecision(3)))
}

const toneOf = (status: string): string =>
  status === 'passed' ? 'good' : status === 'skipped' ? 'muted' : 'bad'

const order = (status: string): number => (status === 'passed' ? 2 : status === 'skipped' ? 1 : 0)

function testList(tests: readonly TestResult[]): Markup {
  const sorted = tests.toSorted((a, b) => order(a.status) - order(b.status))
  return markup`<ul class="tests">${sorted.map(
    ({ file, name, status, tookMs, message }) => markup`<li class="${toneOf(status)}">
      <span class="mark">${status === 'passed' ? '✓' : status === 'skipped' ? '–' : '✗'}</span>
      <span><b>${name}</b> <small>${status === 'passed' ? '' : `${status}, `}${file}, ${duration(tookMs)}</small>${message === undefined ? undefined : markup`<pre>${plain(message)}</pre>`}</span>
    </li>`,
  )}</ul>`
}
