import type { DeploymentSummary } from '#harness/journal/summary'
import { storyOf } from '../story.ts'
import { charts } from './charts.ts'
import { gatesSection } from './gates.ts'
import { Markup, markup } from './markup.ts'
import { style } from './style.ts'
import { actionsSection, notesSection, stagesSection } from './tables.ts'
import { threeRs, top } from './top.ts'
import { wayBackSection } from './way-back.ts'

/** The whole report as one page that needs nothing else: no script, no font, no request. */
export function page(summary: DeploymentSummary): string {
  const story = storyOf(summary)
  const { cloud } = summary
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${story.headline}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<main>
${top(summary, story)}
${threeRs(summary)}
${summary.traffic.length === 0 ? undefined : trafficSection(summary)}
${wayBackSection(summary)}
${gatesSection(summary)}
${stagesSection(summary)}
${actionsSection(summary)}
${notesSection(summary)}
</main>
<footer>
<p>Deployment ${summary.deployment}. Plan ${summary.planHash}. Account ${cloud.account}, ${cloud.region}${cloud.scale === 1 ? '' : `, cloud time ${cloud.scale} times as fast as the wall's`}. Written by Sluice.</p>
</footer>
</body>
</html>
`.text
}

const trafficSection = (summary: DeploymentSummary): Markup => markup`<section aria-labelledby="traffic">
<h2 id="traffic">Traffic</h2>
<div class="card">${charts(summary)}</div>
</section>`
