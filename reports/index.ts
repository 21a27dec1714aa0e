import { SluiceError } from '#harness/errors'
import type { Reporter, ReporterOptions } from '#harness/report'
import { allure } from './allure.ts'
import { githubSummary } from './github-summary.ts'
import { html } from './html.ts'
import { junit } from './junit.ts'
import { ndjson } from './ndjson.ts'
import { terminal } from './terminal.ts'

/** Every report by its name. */
export const reporters = {
  terminal,
  ndjson,
  html,
  junit,
  allure,
  'github-summary': githubSummary,
} satisfies Record<string, (options: ReporterOptions) => Reporter>

export function reporterNamed(name: string): (options: ReporterOptions) => Reporter {
  const found = Object.entries(reporters).find(([known]) => known === name)
  if (found) return found[1]
  throw new SluiceError('usage', `there is no report named "${name}"`, {
    hint: `Reports: ${Object.keys(reporters).join(', ')}.`,
  })
}
