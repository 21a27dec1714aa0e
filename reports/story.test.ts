import { expect, test } from 'vitest'
import type { JournalEvent } from '#harness/journal/event'
import { summarise } from '#harness/journal/summary'
import { page } from './html/page.ts'
import { sampleJournals } from './sample-journal.ts'
import { storyOf } from './story.ts'

const LOSS = '/orders/7, acknowledged by 2.0.0, was gone when 1.0.0 was asked for it (404)'

function withWrites(lost: number): readonly JournalEvent[] {
  const events = sampleJournals.promoted()
  const last = events.at(-1)
  if (!last) return []
  const report = { written: 120, read: 118 - lost, lost, unread: 2, losses: lost > 0 ? [LOSS] : [] }
  const { seq, deployment, at, wallAt } = last
  return [
    ...events.slice(0, -1),
    { seq, deployment, at, wallAt, type: 'writes-read-back', ...report },
    { ...last, seq: seq + 1 },
  ]
}

const factsOf = (events: readonly JournalEvent[]) =>
  storyOf(summarise(events)).figures.filter(({ label }) => label === 'Writes')

test('what became of the writes is told, with those that are lost', () => {
  expect(factsOf(withWrites(0))).toEqual([
    {
      label: 'Writes',
      lines: ['120 acknowledged: 118 read back as written, 0 lost, 2 could not be read'],
    },
  ])
  expect(page(summarise(withWrites(0)))).toContain('writes read back <b>118 of 120, 0 lost</b>')
  expect(factsOf(withWrites(1))[0]?.lines).toEqual([
    '120 acknowledged: 117 read back as written, 1 lost, 2 could not be read',
    LOSS,
  ])
})

test('where nothing was written, nothing is told of it', () => {
  expect(factsOf(sampleJournals.promoted())).toEqual([])
})
