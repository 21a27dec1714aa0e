import type { Course } from './course.ts'
import { SluiceError } from './errors.ts'

/**
 * Does the same at several sites at once. The first that fails, or that harms users, ends the others; it is rethrown when
 * all have ended. Sites that are done, and `others`, are watched until then: their gates have opened, their traffic goes on.
 */
export async function together(
  courses: readonly Course[],
  interrupt: AbortSignal,
  work: (course: Course, signal: AbortSignal) => Promise<void>,
  others: readonly Course[] = [],
): Promise<void> {
  const end = new AbortController()
  const watches: Disposable[] = []
  const fail = (reason: unknown): void => end.abort(reason)
  const signal = AbortSignal.any([interrupt, end.signal])
  const watch = (course: Course): void => {
    if (!course.reached || signal.aborted) return
    const watching = course.site.watch(course.reached)
    const heard = (): void => fail(told(course, watching.signal.reason))
    watching.signal.addEventListener('abort', heard, { once: true })
    if (watching.signal.aborted) heard()
    watches.push(watching)
  }
  try {
    for (const course of others) watch(course)
    await Promise.all(
      courses.map(async (course) => {
        try {
          await course.run.apart(() => work(course, signal))
          if (courses.length > 1) watch(course)
        } catch (thrown) {
          fail(told(course, thrown))
        }
      }),
    )
    // Whatever came first is the reason; a site that was interrupted by it has none of its own.
    signal.throwIfAborted()
  } finally {
    for (const watching of watches) watching[Symbol.dispose]()
  }
}

/** What went wrong at a site, which says so where there are others. */
function told(course: Course, thrown: unknown): unknown {
  if (!(thrown instanceof SluiceError) || course.run.sites.length === 1) return thrown
  const hint = thrown.hint === undefined ? {} : { hint: thrown.hint }
  return new SluiceError(thrown.code, course.tell(thrown.message), { cause: thrown, ...hint })
}
