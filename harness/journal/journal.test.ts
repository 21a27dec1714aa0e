import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { realClock } from '../clock.ts'
import { openFileStore, readJournal } from './file-store.ts'
import { createJournal } from './journal.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-journal-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const note = (text: string) => ({ type: 'note', level: 'info', text }) as const

test('an event is in the file when append returns, numbered from 0', () => {
  const path = join(directory, 'deep', 'journal.jsonl')
  using journal = createJournal('d1', realClock, openFileStore(path))
  journal.append(note('first'))
  journal.append(note('second'))
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { seq: 0, deployment: 'd1', text: 'first' },
    { seq: 1, deployment: 'd1', text: 'second' },
  ])
})

test('a subscriber sees every event, those before it included', () => {
  using journal = createJournal('d1', realClock, openFileStore(join(directory, 'journal.jsonl')))
  journal.append(note('first'))
  const seen: number[] = []
  journal.subscribe((event) => seen.push(event.seq))
  journal.append(note('second'))
  expect(seen).toEqual([0, 1])
})

test('a journal whose last line a crash cut short is read up to it', () => {
  const path = join(directory, 'journal.jsonl')
  const journal = createJournal('d1', realClock, openFileStore(path))
  journal.append(note('whole'))
  journal[Symbol.dispose]()
  appendFileSync(path, '{"seq":1,"depl')
  expect(readJournal(path)).toMatchObject([{ text: 'whole' }])
  appendFileSync(path, '\n{"seq":2}\n')
  expect(() => readJournal(path)).toThrow(/line 2/)
})

test('an existing journal is never written over', () => {
  const path = join(directory, 'journal.jsonl')
  openFileStore(path).close()
  expect(() => openFileStore(path)).toThrow(/cannot be written/)
})

test('a disk that fails stops the way forward, but not the way back', () => {
  const full = () => {
    throw new Error('no space left')
  }
  using journal = createJournal('d1', realClock, { write: full, close: () => undefined })
  const seen: string[] = []
  journal.subscribe((event) => seen.push(event.type === 'note' ? event.text : event.type))
  expect(() => journal.append(note('forward'))).toThrow('no space left')
  journal.tolerate()
  journal.append(note('back'))
  journal.append(note('further back'))
  expect(seen).toEqual(['back', 'the journal can no longer be written', 'further back'])
})
