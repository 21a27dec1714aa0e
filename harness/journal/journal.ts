import type { Clock } from '../clock.ts'
import type { Entry, JournalEvent } from './event.ts'

/** Append-only record of one deployment. What `append` returned is on disk before the effect it announces. */
export interface Journal extends Disposable {
  readonly deployment: string
  append(entry: Entry): JournalEvent
  /**
   * From now on an event that cannot be written is kept in memory only, and said once: on the way back a full disk
   * must not stop what gives users their service.
   */
  tolerate(): void
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

/** Continues with what a journal holds already, if it does. */
export function createJournal(
  deployment: string,
  clock: Clock,
  store: JournalStore,
  past: readonly JournalEvent[] = [],
): Journal {
  const events: JournalEvent[] = [...past]
  const listeners: Array<(event: JournalEvent) => void> = []
  let tolerant = false
  let lost = false
  const write = (event: JournalEvent): void => {
    if (lost) return
    try {
      store.write(`${JSON.stringify(event)}\n`, isDurable(event))
    } catch (thrown) {
      if (!tolerant) throw thrown
      lost = true
    }
  }
  const publish = (entry: Entry): JournalEvent => {
    const stamp = { seq: events.length, deployment, at: clock.now(), wallAt: clock.wall.now() }
    const event: JournalEvent = { ...stamp, ...entry }
    const before = lost
    write(event)
    events.push(event)
    for (const listener of listeners) listener(event)
    if (lost && !before)
      publish({ type: 'note', level: 'warning', text: 'the journal can no longer be written' })
    return event
  }
  return {
    deployment,
    append: publish,
    tolerate: () => {
      tolerant = true
    },
    subscribe: (listener) => {
      for (const event of events) listener(event)
      listeners.push(listener)
    },
    [Symbol.dispose]: () => store.close(),
  }
}
