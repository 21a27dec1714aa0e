import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { reporterNamed } from './index.ts'
import { ndjson } from './ndjson.ts'
import { sampleJournals } from './sample-journal.ts'
import { report } from './sample-report.ts'
import { terminal } from './terminal.ts'

const kinds = Object.keys(sampleJournals) as readonly (keyof typeof sampleJournals)[]

test('a promoted deployment states the three Rs and that no request failed', async () => {
  using written = await report(terminal, sampleJournals.promoted())
  const { people } = written
  expect(people).toContain('✓ canary 25% passed: 3 checks, baked 3m 00s, 318 requests, 0 failed')
  expect(people).toContain('✓ orders 2.0.0 is live. 0 of 1,504 requests failed.')
  expect(people).toMatch(/Rapid +15\.1 s of wall time, 15m 08s of cloud time/)
  expect(people).toContain("Sluice's own overhead: 212 ms")
  expect(people).toMatch(/Repeatable +plan 9f2c41d8a07b, 7 changes in 11 API calls/)
  expect(people).toMatch(/Recoverable +No way back was needed/)
  expect(people.replace(/\s+/g, ' ')).toContain('n = 1,504, so with 95 % confidence at most 0.2 % fail')
})

test('what the config leaves out is told with its reason, by every report that tells of gates', async () => {
  const sentence = 'zone-balance is left out: one zone until May'
  const events = sampleJournals.promoted().map((event) => {
    if (event.type !== 'gate-ended' || event.phase !== 'pre-deploy') return event
    const evidence = [...event.verdict.evidence, { metric: 'config', status: 'passed', sentence } as const]
    return { ...event, verdict: { ...event.verdict, evidence } }
  })
  for (const name of ['terminal', 'html', 'github-summary'] as const) {
    using written = await report(reporterNamed(name), events)
    const files = written.files.map((path) => readFileSync(path, 'utf8'))
    expect([written.people, ...files].join('\n'), name).toContain(sentence)
  }
})

test('a failed gate is told so that nobody needs the log', async () => {
  using written = await report(terminal, sampleJournals['gate-failed']())
  const summary = written.people.slice(written.people.indexOf('✗ orders')).replace(/\s+/g, ' ')
  expect(summary).toContain(
    'turned back at canary 25%: 1.0.0 has all traffic again. 8 of 740 requests failed.',
  )
  expect(summary).toContain('What failed the shift gate of canary 25%: 8 of 38 requests')
  expect(summary).toContain('the main page is the right one: GET / answered 500, expected 200')
  expect(summary).toContain(
    'Harmed 8 of 740 requests (1.1 %): 8 5xx by the service; 8 of 59 that 2.0.1 answered',
  )
  expect(summary).toContain('traffic back on 1.0.0 14 ms (cloud 840 ms) after the verdict, with 1 call')
  expect(summary).toContain('Next Users are on 1.0.0. Fix what the evidence shows in 2.0.1')
})

test('what is left to a person is printed item by item', async () => {
  using written = await report(terminal, sampleJournals['revert-incomplete']())
  expect(written.people).toContain('A person is needed')
  expect(written.people).toMatch(/Left to do +- Set the weights/)
  expect(written.people).toContain('- Delete Auto Scaling group orders-2-0-0.')
})

test.each(kinds)('no line of a deployment that ended %s is longer than the terminal', async (kind) => {
  for (const columns of [40, 80, 200]) {
    using written = await report(terminal, sampleJournals[kind](), { columns, interactive: true })
    const lines = written.people.replaceAll('\r\u001b[2K', '\n').split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.min(columns, 80))
  }
})

test('without colour and without a terminal no escape sequence is written', async () => {
  using written = await report(terminal, sampleJournals['gate-failed']())
  expect(written.people).not.toContain('\u001b')
})

test('the status line shows how far the bake is and is gone at the end', async () => {
  using written = await report(terminal, sampleJournals.promoted(), { interactive: true })
  const { people } = written
  expect(people).toContain('canary 5% · 227 requests, 0 failed · 2.0.0 5 % · ━━──────── 30.0 s of 3m 00s')
  expect(people.slice(people.lastIndexOf('\u001b[2K'))).toContain('Rapid')
})

test('machines get every event on a line of its own', async () => {
  const events = sampleJournals['gate-failed']()
  using written = await report(ndjson, events)
  const lines = written.machines.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual(events)
  expect(written.people).toBe('')
})

test('an unknown report is refused with the names of those there are', () => {
  expect(() => reporterNamed('pdf')).toThrow('there is no report named "pdf"')
  expect(reporterNamed('ndjson')).toBe(ndjson)
})
