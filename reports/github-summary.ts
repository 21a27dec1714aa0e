import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { count, counted, duration, plain } from '#harness/journal/figures'
import type { DeploymentSummary, Section } from '#harness/journal/summary'
import type { Reporter, ReporterOptions } from '#harness/report'
import { Gathered } from './gathered.ts'
import { escapeText } from './html/markup.ts'
import { type Fact, storyOf } from './story.ts'

/**
 * Markdown for a pipeline's job page: appended to `stepSummary` where that is given (GitHub's `GITHUB_STEP_SUMMARY`),
 * else written to a file of its own.
 */
export function githubSummary({
  directory,
  stepSummary,
}: ReporterOptions & { readonly stepSummary?: string }): Reporter {
  const gathered = new Gathered()
  return {
    event: (event) => gathered.add(event),
    close() {
      const summary = gathered.summary()
      if (!summary) return []
      const text = markdown(summary)
      if (stepSummary !== undefined && stepSummary !== '') {
        appendFileSync(stepSummary, text)
        return [stepSummary]
      }
      mkdirSync(directory, { recursive: true })
      const path = join(directory, 'summary.md')
      writeFileSync(path, text)
      return [path]
    },
  }
}

function markdown(summary: DeploymentSummary): string {
  const story = storyOf(summary)
  const mark = { good: '✓', bad: '✗', neutral: '·' }[story.tone]
  return [
    `## ${mark} ${escapeMarkdown(story.headline)}`,
    '',
    `**${escapeMarkdown(story.requests)}**`,
    '',
    ...factLines(story.trouble),
    '### Stages',
    '',
    '| Stage | Gate | Cloud time | Requests | Failed |',
    '| --- | --- | ---: | ---: | ---: |',
    ...summary.sections.map(stageLine),
    '',
    '### The three Rs',
    '',
    ...factLines(story.figures),
    ...gateDetails(summary),
    '',
  ].join('\n')
}

function factLines(facts: readonly Fact[]): readonly string[] {
  if (facts.length === 0) return []
  const rows = facts.map(({ label, lines }) => `| **${label}** | ${lines.map(escapeMarkdown).join('<br>')} |`)
  return ['| | |', '| --- | --- |', ...rows, '']
}

function stageLine(section: Section): string {
  const verdict = section.gates.at(-1)?.verdict.status
  const gate = verdict === undefined ? '–' : verdict === 'passed' ? '✓ passed' : `✗ ${verdict}`
  const cells = [
    escapeMarkdown(section.name),
    gate,
    duration(section.to - section.from),
    count(section.requests),
    count(section.harmed),
  ]
  return `| ${cells.join(' | ')} |`
}

function gateDetails({ gates }: DeploymentSummary): readonly string[] {
  return gates.flatMap(({ name, verdict, tests }) => {
    const looks = verdict.evidence.map(
      ({ metric, status, sentence }) => `- ${status}: ${escapeMarkdown(`${metric}: ${sentence}`)}`,
    )
    const lines = tests.map(
      ({ file, name, status, message }) =>
        `- ${status}: ${escapeMarkdown(`${file} > ${name}`)}${message === undefined ? '' : `: ${escapeMarkdown(message)}`}`,
    )
    return [
      `<details${verdict.status === 'passed' ? '' : ' open'}><summary>Gate of ${escapeText(plain(name))}: ${verdict.status}, ${counted(tests.length, 'check')}</summary>`,
      '',
      ...looks,
      ...lines,
      '',
      '</details>',
    ]
  })
}

/** One line that shows as it stands: no tags, no links, no table cells of its own. */
const escapeMarkdown = (text: string): string =>
  plain(text)
    .replace(/\s*\n\s*/g, ' ')
    .replace(/[\\`*_[\]|]/g, (character) => `\\${character}`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('@', '&#64;')
