import { createColors } from 'picocolors'
import type { Reporter, ReporterOptions } from '#harness/report'
import { Gathered } from './gathered.ts'
import { closing } from './terminal/closing.ts'
import { happening } from './terminal/happenings.ts'
import { advance, beginning, statusLine } from './terminal/live.ts'
import { shorten } from './wrap.ts'

const WIDEST = 80
const NARROWEST = 40
/** Returns to the first column and clears the line. */
const CLEAR = '\r\u001b[2K'

/** Progress for people as it happens, one status line below it on a terminal, and the summary at the end. */
export function terminal(options: ReporterOptions): Reporter {
  const colours = createColors(options.colour)
  const columns = Math.max(NARROWEST, Math.min(options.columns, WIDEST))
  const gathered = new Gathered()
  let live = beginning
  let status = ''

  const show = (next: string): void => {
    if (!options.interactive || next === status) return
    options.write(next === '' ? CLEAR : CLEAR + colours.cyan(next))
    status = next
  }

  return {
    event(event) {
      gathered.add(event)
      live = advance(live, event)
      const lines = happening(event, live, columns, colours)
      if (lines.length > 0) {
        show('')
        options.write(`${lines.join('\n')}\n`)
      }
      show(event.type === 'deployment-ended' ? '' : shorten(`  ${statusLine(live)}`, columns - 1))
    },
    close() {
      show('')
      const summary = gathered.summary()
      if (summary) options.write(closing(summary, columns, colours))
      return []
    },
  }
}
