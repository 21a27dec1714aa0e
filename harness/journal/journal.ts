import type { Clock } from '../clock.ts'
import type { Entry, JournalEvent } from './event.ts'

/** Append-only record of one deployment. What `append` returned is on disk before the effect it announces. */
export interface Journal extends Disposable {
  readonly deployment: string
  append(entry: Entry): JournalEvent
  /** Every event from the first on; called at once for those there already. */
  subscribe(listener: (event: JournalEvent) => void): void
}

/** Where lines go. */
export interface JournalStore {
  /** Adds a line; when `durable`, returns only once it survives a crash. */
  write(line: string, durable: boolean): void
  close(): void
}

/** Traffic may be lost in a crash; decisions may not. */
const isDurable = (entry: Entry): boolean => entry.type !== 'traffic' && entry.type !== 'waited'

export function createJournal(deployment: string, clock: Clock, store: JournalStore): Journal {
  const events: JournalEvent[] = []
  const listeners: Array<(event: JournalEvent) => void> = []
  return {
    deployment,
    append: (entry) => {
      const stamp = { seq: events.length, deployment, at: clock.now(), wallAt: clock.wall.now() }
      const event: JournalEvent = { ...stamp, ...entry }
      store.write(`${JSON.stringify(event)}\n`, isDurable(entry))
      events.push(event)
      for (const listener of listeners) listener(event)
      return event
    },
    subscribe: (listener) => {
      for (const event of events) listener(event)
      listeners.push(listener)
    },
    [Symbol.dispose]: () => store.close(),
  }
}
