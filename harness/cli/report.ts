import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { reporters } from '#reports/index'
import { SluiceError } from '../errors.ts'
import { readJournal } from '../journal/file-store.ts'
import { journalAt } from './deployments.ts'
import type { Invocation } from './main.ts'

/** `sluice report`: folds a journal into its reports again, and tells its story on the terminal. */
export async function report({ cwd, output }: Invocation, [given]: readonly string[]): Promise<number> {
  const path = given === undefined ? latest(cwd) : journalAt(resolve(cwd, given))
  const options = {
    directory: dirname(path),
    write: output.people,
    writeData: output.data,
    ...output,
    interactive: false,
  }
  const told = (['terminal', 'html', 'junit', 'allure', 'github-summary'] as const).map((name) =>
    reporters[name](options),
  )
  for (const event of readJournal(path)) for (const reporter of told) reporter.event(event)
  for (const reporter of told) await reporter.close()
  return 0
}

/** Deployment directories sort by time. */
function latest(cwd: string): string {
  const home = join(cwd, '.sluice')
  const names = existsSync(home)
    ? readdirSync(home).filter((name) => existsSync(join(home, name, 'journal.jsonl')))
    : []
  const last = names.sort().at(-1)
  if (last) return join(home, last, 'journal.jsonl')
  throw new SluiceError('usage', `there is no deployment to report on in ${home}`, {
    hint: 'name a journal, or deploy first',
  })
}
