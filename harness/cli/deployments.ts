import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { SluiceError } from '../errors.ts'
import type { JournalEvent } from '../journal/event.ts'
import { readJournal } from '../journal/file-store.ts'
import { isListening } from '../journal/mailbox.ts'

/** A deployment as its journal on this machine tells it. */
export interface KeptDeployment {
  readonly id: string
  readonly directory: string
  readonly events: readonly JournalEvent[]
  readonly started: Extract<JournalEvent, { type: 'deployment-started' }>
  /** Absent while it runs, and when it was cut off. */
  readonly ended: Extract<JournalEvent, { type: 'deployment-ended' }> | undefined
  /** Whether it runs: it listens to other terminals. */
  readonly alive: boolean
}

/** The deployments of a service whose journals are on this machine, the last one first. */
export function* keptDeployments({ root, directory, name: deployed }: Config): Generator<KeptDeployment> {
  const home = resolve(root, directory)
  // Deployment directories sort by time.
  for (const name of existsSync(home) ? readdirSync(home).sort().reverse() : []) {
    const file = join(home, name, 'journal.jsonl')
    if (!existsSync(file)) continue
    const kept = keptAt(file)
    if (kept?.started.service === deployed) yield kept
  }
}

/** What a journal tells; undefined when it was cut off before it began. */
export function keptAt(file: string): KeptDeployment | undefined {
  const events = readJournal(file)
  const started = events.find((event) => event.type === 'deployment-started')
  if (!started) return undefined
  const ended = events.find((event) => event.type === 'deployment-ended')
  return {
    id: started.deployment,
    directory: dirname(file),
    events,
    started,
    ended,
    alive: !ended && isListening(dirname(file)),
  }
}

/** The journal that a path names: a deployment directory or its file. */
export function journalAt(path: string): string {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'journal.jsonl') : path
  if (existsSync(file)) return file
  throw new SluiceError('usage', `there is no journal at ${path}`, {
    hint: 'name a deployment directory or its journal.jsonl',
  })
}
