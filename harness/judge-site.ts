import type { Course } from './course.ts'
import type { StageRef } from './gate.ts'
import { type Stop, stopOfVerdict } from './stop.ts'
import type { GateSpec } from './strategy.ts'

/** Thrown where a gate did not open. */
export class GateClosed {
  readonly stop: Stop
  constructor(stop: Stop) {
    this.stop = stop
  }
}

/** Judges the gate of a stage at one site. Throws `GateClosed` when it does not open. */
export async function judgeSite(
  course: Course,
  spec: GateSpec,
  stage: StageRef,
  signal: AbortSignal,
  /** The other sites of the deployment. */
  neighbours: readonly Course[] = [],
): Promise<void> {
  const { site, mark, run } = course
  const { journal } = run
  const what = { ...mark, phase: spec.suites, stage: stage.name, index: stage.index }
  journal.append({ type: 'gate-started', ...what })
  const result = await site.gate(
    spec,
    stage,
    signal,
    course.last,
    neighbours.map(({ last }) => last),
  )
  const { verdict, tests, tookMs, bakedMs, suitesWallMs } = result
  const stop = stopOfVerdict(verdict, result.firstHarmAt)
  if (bakedMs > 0) journal.append({ type: 'waited', for: 'bake', what: stage.name, ms: bakedMs })
  journal.append({ type: 'gate-ended', ...what, verdict, tests, tookMs, bakedMs, suitesWallMs })
  if (stop) throw new GateClosed({ ...stop, sentence: course.tell(stop.sentence) })
}
