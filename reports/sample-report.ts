import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JournalEvent } from '#harness/journal/event'
import type { Reporter, ReporterOptions } from '#harness/report'

/** What a reporter wrote when it was told a whole journal. */
export interface Written extends Disposable {
  readonly people: string
  readonly machines: string
  readonly files: readonly string[]
}

export async function report(
  create: (options: ReporterOptions) => Reporter,
  events: readonly JournalEvent[],
  options: Partial<ReporterOptions> = {},
): Promise<Written> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-report-'))
  let people = ''
  let machines = ''
  const reporter = create({
    directory: join(directory, 'reports'),
    write: (text) => {
      people += text
    },
    writeData: (text) => {
      machines += text
    },
    colour: false,
    columns: 80,
    interactive: false,
    ...options,
  })
  for (const event of events) reporter.event(event)
  const files = await reporter.close()
  return { people, machines, files, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
}
