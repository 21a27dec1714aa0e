import type { Site } from './deployment-run.ts'
import { describeError } from './errors.ts'
import type { Journal } from './journal/journal.ts'
import type { Scope } from './strategy.ts'

/**
 * Reads back, when all else is done, whatever the service acknowledged while it was deployed to, and records what became
 * of it. That it cannot be read changes nothing about how the deployment ended, so this never rejects.
 */
export async function readBackWrites(
  { probe }: Pick<Site, 'probe'>,
  journal: Journal,
  mark: { readonly scope?: Scope },
): Promise<void> {
  try {
    const report = await probe.readBack('last')
    if (report.written === 0) return
    journal.append({ type: 'writes-read-back', ...mark, ...report })
  } catch (thrown) {
    const text = `what was written could not be read back: ${describeError(thrown)}`
    journal.append({ type: 'note', level: 'warning', text })
  }
}
