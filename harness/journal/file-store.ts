import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { SluiceError } from '../errors.ts'
import type { JournalEvent } from './event.ts'
import type { JournalStore } from './journal.ts'

/** JSON lines in a new file. Throws `precondition` when it cannot be created. */
export function openFileStore(path: string): JournalStore {
  let file: number
  try {
    mkdirSync(dirname(path), { recursive: true })
    file = openSync(path, 'ax')
  } catch (thrown) {
    throw new SluiceError('precondition', `the journal ${path} cannot be written`, {
      cause: thrown,
      hint: 'make the directory writable, or set `directory` in the config',
    })
  }
  return storeOf(file)
}

/** Continues a file that is there. A last line that a crash cut short goes. */
export function continueFileStore(path: string): JournalStore {
  try {
    const whole = readFileSync(path)
    const end = whole.lastIndexOf('\n') + 1
    if (end < whole.length) truncateSync(path, end)
    return storeOf(openSync(path, 'a'))
  } catch (thrown) {
    throw new SluiceError('precondition', `the journal ${path} cannot be continued`, { cause: thrown })
  }
}

const storeOf = (file: number): JournalStore => ({
  write: (line, durable) => {
    writeSync(file, line)
    if (durable) fdatasyncSync(file)
  },
  close: () => closeSync(file),
})

/** The events of a journal file. A last line that a crash cut short is left out; any other bad line is an error. */
export function readJournal(path: string): JournalEvent[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  const events: JournalEvent[] = []
  for (const [index, line] of lines.entries()) {
    if (line === '') continue
    try {
      events.push(JSON.parse(line) as JournalEvent)
    } catch (thrown) {
      if (index === lines.length - 1) break
      throw new SluiceError('precondition', `line ${index + 1} of ${path} is not a journal event`, {
        cause: thrown,
      })
    }
  }
  return events
}
