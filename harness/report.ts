import type { JournalEvent } from './journal/event.ts'

/** Tells what happened: fed every event of the journal in order, then closed. Must not throw on an unknown event. */
export interface Reporter {
  event(event: JournalEvent): void
  /** Writes what it has gathered. Returns the paths of files written, if any. */
  close(): Promise<readonly string[]> | readonly string[]
}

export interface ReporterOptions {
  /** Where files go; created when missing. */
  readonly directory: string
  /** Writes people's output. */
  readonly write: (text: string) => void
  /** Writes machines' output (`--json`). */
  readonly writeData: (text: string) => void
  readonly colour: boolean
  /** File that a pipeline shows as its summary; appended to. */
  readonly stepSummary?: string
  /** Columns of the terminal; 80 when it is none. */
  readonly columns: number
  /** Whether `write` reaches a terminal that understands cursor movement. */
  readonly interactive: boolean
}
