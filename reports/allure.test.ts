import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { JournalEvent } from '#harness/journal/event'
import { allure } from './allure.ts'
import { sampleJournals } from './sample-journal.ts'
import { report } from './sample-report.ts'

interface Written {
  readonly uuid: string
  readonly historyId: string
  readonly name: string
  readonly status: string
  readonly statusDetails?: { readonly message: string }
  readonly parameters: readonly { readonly name: string; readonly value: string }[]
  readonly start: number
  readonly stop: number
}

async function resultsOf(events: readonly JournalEvent[]): Promise<readonly Written[]> {
  using written = await report(allure, events)
  return written.files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Written)
}

test('every look and test of every gate is a result of its own, told apart by its stage', async () => {
  const results = await resultsOf(sampleJournals.promoted())
  expect(results.length).toBeGreaterThan(20)
  for (const key of ['uuid', 'historyId'] as const) {
    expect(new Set(results.map((result) => result[key])).size).toBe(results.length)
  }
  const stages = new Set(results.flatMap(({ parameters }) => parameters.map(({ value }) => value)))
  expect([...stages]).toEqual(expect.arrayContaining(['pre-deploy', 'canary 5%', 'canary 25%', 'deployment']))
  expect(results.every(({ status }) => status === 'passed')).toBe(true)
  expect(results.every(({ start, stop }) => stop >= start && start > 0)).toBe(true)
})

test('what failed says why, and what could not be decided is broken', async () => {
  const failed = (await resultsOf(sampleJournals['gate-failed']())).filter(
    ({ status }) => status === 'failed',
  )
  expect(failed.length).toBeGreaterThan(0)
  for (const { statusDetails } of failed) expect(statusDetails?.message).toMatch(/\w/)
  const undecided = sampleJournals['gate-failed']().map((event) =>
    event.type === 'gate-ended' && event.verdict.status === 'failed'
      ? { ...event, verdict: { ...event.verdict, status: 'inconclusive' as const } }
      : event,
  )
  const broken = (await resultsOf(undecided)).filter(({ status }) => status === 'broken')
  expect(broken.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^the gate opens/))
})

test('the same journal written again replaces its results', async () => {
  const [first, second] = await Promise.all([
    resultsOf(sampleJournals.promoted()),
    resultsOf(sampleJournals.promoted()),
  ])
  expect(second.map(({ uuid }) => uuid)).toEqual(first.map(({ uuid }) => uuid))
})
