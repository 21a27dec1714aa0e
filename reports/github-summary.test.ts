import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { githubSummary } from './github-summary.ts'
import { sampleJournals } from './sample-journal.ts'
import { report } from './sample-report.ts'

test('the job page says what happened, why, and what to do', async () => {
  using written = await report(githubSummary, sampleJournals['gate-failed']())
  const text = readFileSync(written.files[0] ?? '', 'utf8')
  expect(text).toContain('## ✗ orders 2.0.1 was turned back at canary 25%: 1.0.0 has all traffic again.')
  expect(text).toContain('**8 of 740 requests failed.**')
  expect(text).toContain('| canary 25% | ✗ failed |')
  expect(text).toContain('| **Next** |')
  expect(text).toContain('<details open><summary>Gate of canary 25%: failed')
})

test('markup in a message shows as text', async () => {
  using written = await report(githubSummary, sampleJournals['gate-failed']())
  const text = readFileSync(written.files[0] ?? '', 'utf8')
  expect(text).toContain('&lt;script&gt;')
  expect(text).not.toContain('<script')
})

test('the step summary is appended to, never replaced', async () => {
  using first = await report(githubSummary, sampleJournals.promoted())
  const stepSummary = join(dirname(first.files[0] ?? ''), 'step.md')
  writeFileSync(stepSummary, '# Built\n')
  using second = await report(
    (options) => githubSummary({ ...options, stepSummary }),
    sampleJournals.promoted(),
  )
  expect(second.files).toEqual([stepSummary])
  expect(readFileSync(stepSummary, 'utf8')).toMatch(/^# Built\n## ✓ orders 2\.0\.0 is live\./)
})
