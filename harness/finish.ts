import { converge } from './converge/index.ts'
import type { Course } from './course.ts'

/** Clears away what deployments before this one left parked; the fleet just replaced stays, as the way back. */
export async function finishSite(course: Course): Promise<void> {
  const old = course.site.before.fleets
    .filter((fleet) => fleet.owned && fleet.role === 'parked')
    .map(({ name }) => name)
  const last = course.stagesHere().at(-1)
  if (old.length === 0 || !last) return
  const target = course.target(last)
  const kept = Object.entries(target.fleets).filter(([name]) => !old.includes(name))
  const run = course.convergence(new AbortController().signal, last)
  course.last = await converge(run, { ...target, fleets: Object.fromEntries(kept) }, 'forward')
}
