import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { JournalEvent } from '../journal/event.ts'

const CLI = join(import.meta.dirname, '../cli.ts')

interface Ran {
  readonly code: number | null
  readonly events: readonly JournalEvent[]
  readonly err: string
}

/** Runs a deployment in a process group of its own, as a terminal does; `on` is told of every event as it comes. */
export function deployIn(
  project: string,
  args: readonly string[],
  on: (event: JournalEvent, child: ChildProcess) => void = () => {},
  within: readonly string[] = [],
): Promise<Ran> {
  return new Promise((resolve) => {
    const [command = '', ...argv] = [
      ...within,
      process.execPath,
      '--conditions=sluice-source',
      CLI,
      'deploy',
      '--json',
      ...args,
    ]
    const child = spawn(command, argv, {
      cwd: project,
      detached: true,
      env: { ...process.env, NO_COLOR: '1' },
    })
    const events: JournalEvent[] = []
    let rest = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const event = JSON.parse(line) as JournalEvent
        events.push(event)
        on(event, child)
      }
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    child.on('close', (code) => resolve({ code, events, err }))
  })
}

export const only = <Type extends JournalEvent['type']>(events: readonly JournalEvent[], type: Type) =>
  events.filter((event): event is Extract<JournalEvent, { type: Type }> => event.type === type)

export const harmedIn = (events: readonly JournalEvent[]): number =>
  only(events, 'traffic')
    .flatMap(({ bucket }) => bucket.counts)
    .filter(({ outcome }) => outcome !== 'ok')
    .reduce((sum, { n }) => sum + n, 0)

/** The cloud as it was before the first change, resource by resource. */
export function expectAsBefore(events: readonly JournalEvent[]): void {
  const before = only(events, 'deployment-started')[0]?.before
  expect(before).toHaveLength(1)
  expect(only(events, 'deployment-ended')[0]?.after).toEqual(before)
}
