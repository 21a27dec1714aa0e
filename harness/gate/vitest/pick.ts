import type { SuiteRun, TestPick } from '../../gate.ts'

const ofFile = (file: string, pick: TestPick | undefined): TestPick | undefined =>
  pick && (pick.tags.length > 0 || pick.names.length > 0) && pick.files.includes(file) ? pick : undefined

/** What Vitest is told, so that what is not picked does not run. */
export function filterOf(
  file: string,
  given: TestPick | undefined,
): { testNamePattern?: RegExp; testTagsFilter?: string[] } {
  const pick = ofFile(file, given)
  if (!pick) return {}
  return {
    ...(pick.names.length > 0 ? { testNamePattern: patternOf(pick.names) } : {}),
    ...(pick.tags.length > 0 ? { testTagsFilter: [pick.tags.join(' || ')] } : {}),
  }
}

/** Vitest joins the titles of a full name by spaces here, and by ` > ` where it reports. */
const patternOf = (names: readonly string[]): RegExp =>
  new RegExp(names.map((name) => name.split('*').map(literally).join('.*')).join('|'))

const literally = (text: string): string => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')

export interface Known {
  readonly file: string
  readonly titles: readonly string[]
  readonly tags: readonly string[]
}

/** Whether a test was to run: Vitest reports those that were not as skipped, as it does those that skip themselves. */
export function isPicked({ file, titles, tags }: Known, given: TestPick | undefined): boolean {
  const pick = ofFile(file, given)
  if (!pick) return true
  const named = pick.names.length === 0 || patternOf(pick.names).test(titles.join(' '))
  return named && (pick.tags.length === 0 || pick.tags.some((tag) => tags.includes(tag)))
}

/** Files of which nothing was picked did not take part. If nothing at all was picked, nothing was seen: that is an error. */
export function withoutUnpicked(
  run: SuiteRun,
  given: TestPick | undefined,
  left: ReadonlySet<string>,
): SuiteRun {
  const chosen = given?.files.filter((file) => run.requestedFiles.includes(file) && ofFile(file, given)) ?? []
  if (chosen.length === 0) return run
  const out = new Set(chosen.filter((file) => left.has(file)))
  const tags = given?.tags.join(', ') || 'any'
  const names = given?.names.join(', ') || 'any'
  const none = `none of the tests in ${chosen.length} own suite${chosen.length === 1 ? '' : 's'} is picked by tags (${tags}) and names (${names})`
  return {
    ...run,
    requestedFiles: run.requestedFiles.filter((file) => !out.has(file)),
    finishedFiles: run.finishedFiles.filter(({ file, errors }) => !out.has(file) || errors.length > 0),
    unhandledErrors: out.size === chosen.length ? [...run.unhandledErrors, none] : run.unhandledErrors,
  }
}
