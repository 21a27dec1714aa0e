import type { createColors } from 'picocolors'
import type { DeploymentSummary } from '#harness/journal/summary'
import { type Fact, storyOf } from '../story.ts'
import { wrap } from '../wrap.ts'

type Colours = ReturnType<typeof createColors>

const LABEL = 16

/** The last word of a deployment: what happened, why, what to do, and the three Rs. */
export function closing(summary: DeploymentSummary, columns: number, colours: Colours): string {
  const story = storyOf(summary)
  const paint = { good: colours.green, bad: colours.red, neutral: colours.yellow }[story.tone]
  const mark = { good: '✓', bad: '✗', neutral: '·' }[story.tone]
  const headline = wrap(`${story.headline} ${story.requests}`, columns - 2)
  const lines = [
    '',
    ...headline.map((line, i) => paint(colours.bold(`${i === 0 ? mark : ' '} ${line}`))),
    '',
    ...rows(story.trouble, columns, colours),
    ...(story.trouble.length > 0 ? [''] : []),
    ...rows(story.figures, columns, colours),
    '',
  ]
  return `${lines.join('\n')}\n`
}

function rows(facts: readonly Fact[], columns: number, colours: Colours): readonly string[] {
  return facts.flatMap(({ label, lines }) => {
    const bullet = lines.length > 1 && (label === 'Evidence' || label === 'Left to do') ? '- ' : ''
    const text = lines.flatMap((line) =>
      wrap(line, columns - LABEL - bullet.length).map((part, i) =>
        i === 0 ? bullet + part : ' '.repeat(bullet.length) + part,
      ),
    )
    return text.map((part, i) => colours.bold(`  ${i === 0 ? label : ''}`.padEnd(LABEL)) + part)
  })
}
