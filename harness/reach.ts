import { converge } from './converge/index.ts'
import { missingRoutes } from './converge/order-routes.ts'
import { type Course, changesInPlace } from './course.ts'
import { undisturbed } from './disturbance.ts'
import { downtimeOf } from './downtime.ts'
import { type ErrorCode, SluiceError } from './errors.ts'
import type { Entry } from './journal/event.ts'
import { settlingOf } from './propagation.ts'
import type { Stage } from './strategy.ts'

/** Errors that close a gate while it is not being judged, and what they are evidence of. */
const CLOSING: Partial<Record<ErrorCode, string>> = {
  unhealthy: 'targets healthy',
  breach: 'traffic before the shift',
}

/** Makes one site what a stage says, while the traffic of the stage before goes on being judged. */
export async function reachStage(
  course: Course,
  stage: Stage,
  index: number,
  interrupt: AbortSignal,
): Promise<void> {
  const { site } = course
  const { probe } = site
  const target = course.target(stage)
  course.last = await undisturbed(course, interrupt)
  const shifts = Object.entries(target.traffic.shares).some(
    ([name, share]) => (course.last.shares[name] ?? 0) !== share,
  )
  const ref = course.refTo(stage, index)
  const routes = missingRoutes(course.last, target).some(({ kind }) => kind === 'add-route')
  // While instances are replaced, traffic is filed apart: the stage is judged by what its mix brought about.
  const replacing = changesInPlace(target) ? `replacing for ${stage.name}` : undefined
  if (replacing) await probe.enter(replacing)
  else if (!shifts && !routes) await course.enter(ref)
  // The stage before keeps its traffic until this one's weights are in force.
  using watch = course.reached && site.watch(course.reached)
  // DNS leads users over slowly, and by registration both serve for a while: what meets users meanwhile is judged as it comes.
  const leading = shifts && target.traffic.via !== 'listener' ? settlingOf(stage.name) : undefined
  const meanwhile = target.downtime ? downtimeOf(stage.name) : (replacing ?? leading)
  using also = meanwhile === undefined ? undefined : site.watch({ ...ref, name: meanwhile })
  const watches = [watch, also].flatMap((each) => each?.signal ?? [])
  const signal = AbortSignal.any([interrupt, ...watches])
  const run = { ...course.convergence(signal, ref), ...course.goingDown(stage.name, target, 'forward') }
  course.last = await converge(run, target, 'forward', course.last)
  if (replacing) await probe.enter(stage.name)
  course.reached = ref
}

/** A release that does not become healthy, or harms users on the way, closes the gate of the stage it was to reach. */
export function closedBy(stage: Stage, index: number, thrown: unknown): readonly Entry[] {
  const metric = thrown instanceof SluiceError ? CLOSING[thrown.code] : undefined
  if (!(thrown instanceof SluiceError) || metric === undefined) return []
  const sentence = thrown.message
  const evidence = [{ metric, status: 'failed', sentence }] as const
  const gate = { phase: stage.gate.suites, stage: stage.name, index }
  return [
    { type: 'gate-started', ...gate },
    {
      type: 'gate-ended',
      ...gate,
      verdict: { status: 'failed', sentence, evidence },
      tests: [],
      tookMs: 0,
      bakedMs: 0,
      suitesWallMs: 0,
    },
  ]
}
