import { converge } from './converge/index.ts'
import type { Course } from './course.ts'
import { withoutLeftovers } from './leftovers.ts'

/** Clears away what deployments before this one left parked; the fleet just replaced stays, as the way back. */
export async function finishSite(course: Course): Promise<void> {
  const last = course.stagesHere().at(-1)
  const target = last && withoutLeftovers(course.site.before, course.target(last))
  if (!last || !target) return
  const run = course.convergence(new AbortController().signal, last)
  course.last = await converge(run, target, 'forward')
}
