import type { JournalEvent } from '#harness/journal/event'
import { type DeploymentSummary, summarise } from '#harness/journal/summary'

/** Keeps the events for a report that is written at the end. */
export class Gathered {
  readonly #events: JournalEvent[] = []

  add(event: JournalEvent): void {
    this.#events.push(event)
  }

  /** Absent when no deployment was started: there is nothing to tell then. */
  summary(): DeploymentSummary | undefined {
    return this.#events.some(({ type }) => type === 'deployment-started')
      ? summarise(this.#events)
      : undefined
  }
}
