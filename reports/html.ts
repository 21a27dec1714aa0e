import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Reporter, ReporterOptions } from '#harness/report'
import { Gathered } from './gathered.ts'
import { page } from './html/page.ts'

/** One HTML file that opens offline. */
export function html({ directory }: ReporterOptions): Reporter {
  const gathered = new Gathered()
  return {
    event: (event) => gathered.add(event),
    close() {
      const summary = gathered.summary()
      if (!summary) return []
      mkdirSync(directory, { recursive: true })
      const path = join(directory, 'report.html')
      writeFileSync(path, page(summary))
      return [path]
    },
  }
}
