import type { Finding, Findings } from '../checks/finding.ts'
import type { Settled } from './settle.ts'

/** Findings shown in full, and lines of the log. */
const SHOWN = 8
const LOGGED = 5

/** What was expected, what was seen, where to look; then what was asked for, and how it came to that. */
export function messageOf(what: string, { findings, log, looks, took }: Settled): string {
  const lines = findings.slice(0, SHOWN).flatMap(ofFinding)
  if (findings.length > SHOWN) lines.push(`  … and ${findings.length - SHOWN} more`)
  lines.push(`expected ${what}`)
  if (looks > 1) {
    lines.push(`looked ${looks} times in ${seconds(took)} of cloud time:`)
    for (const { after, findings } of log.slice(-LOGGED))
      lines.push(`  +${seconds(after)}: ${summary(findings)}`)
  }
  return lines.join('\n')
}

const ofFinding = ({ severity, subject, expected, seen, hint }: Finding): readonly string[] => [
  `${subject}: expected ${expected}; saw ${seen}${severity === 'unknown' ? ' (inconclusive)' : ''}`,
  `  → ${hint}`,
]

const summary = (findings: Findings): string =>
  findings.length === 0
    ? 'all as expected'
    : findings
        .slice(0, 3)
        .map(({ subject, seen }) => `${subject}: ${seen}`)
        .join('; ') + (findings.length > 3 ? `; and ${findings.length - 3} more` : '')

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
