import { count, counted, duration } from '#harness/journal/figures'
import type { ActionSummary, DeploymentSummary, Section } from '#harness/journal/summary'
import { type Axis, axisOf, tidy } from './axis.ts'
import { type Markup, markup } from './markup.ts'

/** Where the time went, stage by stage. */
export function stagesSection({ sections }: DeploymentSummary): Markup {
  return markup`<section aria-labelledby="stages">
    <h2 id="stages">Where the time went</h2>
    <div class="scroll card"><table class="numbers">
      <thead><tr><th>Stage</th><th>Gate</th><th>Cloud time</th><th>of it waiting for AWS</th><th>Wall time</th><th>Sluice's own</th><th>Requests</th><th>Failed</th></tr></thead>
      <tbody>${sections.map(stageRow)}</tbody>
    </table></div>
  </section>`
}

function stageRow(section: Section): Markup {
  const verdict = section.gates.at(-1)?.verdict.status
  const tone = verdict === 'passed' ? 'good' : verdict === undefined ? 'muted' : 'bad'
  return markup`<tr>
    <th scope="row">${section.name}</th>
    <td class="${tone}">${verdict === undefined ? '–' : verdict === 'passed' ? '✓ passed' : `✗ ${verdict}`}</td>
    <td>${duration(section.to - section.from)}</td>
    <td>${duration(section.waitedMs)}</td>
    <td>${duration(section.wallMs)}</td>
    <td>${duration(section.overheadWallMs)}</td>
    <td>${count(section.requests)}</td>
    <td class="${section.harmed > 0 ? 'bad' : ''}">${count(section.harmed)}</td>
  </tr>`
}

/** Every change made to the cloud, when and how long. */
export function actionsSection(summary: DeploymentSummary): Markup {
  const { actions } = summary
  const axis = axisOf(summary)
  const none = markup`<p class="muted">Nothing in the cloud was changed.</p>`
  return markup`<section aria-labelledby="actions">
    <h2 id="actions">Changes made</h2>
    ${
      actions.length === 0
        ? none
        : markup`<div class="scroll card"><table class="actions">
      <thead><tr><th>At</th><th>Change</th><th class="when">When</th><th>Took</th><th>API calls</th><th>Outcome</th></tr></thead>
      <tbody>${actions.map((action) => actionRow(action, axis))}</tbody>
    </table></div>`
    }
  </section>`
}

function actionRow(
  { from, to, kind, what, outcome, tookWallMs, calls, error }: ActionSummary,
  axis: Axis,
): Markup {
  const left = Math.min(99.3, axis.x(from) / 10)
  const width = Math.max(0.7, tidy(axis.x(to) / 10 - left))
  const tone = outcome === 'done' ? 'good' : 'bad'
  return markup`<tr>
    <td>${duration(from - axis.from)}</td>
    <th scope="row" title="${kind}">${what}${error === undefined ? undefined : markup`<small class="bad">${error}</small>`}</th>
    <td class="when"><span class="track"><i class="${tone}" style="left:${left}%;width:${width}%"></i></span></td>
    <td>${duration(tookWallMs)}</td>
    <td>${count(calls)}</td>
    <td class="${tone}">${outcome === 'done' ? '✓ done' : `✗ ${outcome}`}</td>
  </tr>`
}

export function notesSection({ notes, startedAt }: DeploymentSummary): Markup | undefined {
  if (notes.length === 0) return undefined
  return markup`<section aria-labelledby="notes">
    <h2 id="notes">${counted(notes.length, 'note')}</h2>
    <ul class="card notes">${notes.map(
      ({ at, level, text }) =>
        markup`<li class="${level === 'info' ? '' : 'bad'}"><small>${duration(at - startedAt)}</small> ${level === 'info' ? '' : `${level}: `}${text}</li>`,
    )}</ul>
  </section>`
}
