import type { GatePhase, Scope } from '../../strategy.ts'
import type { JournalEvent } from '../event.ts'
import type { GateSummary } from '../summary.ts'
import { eventsOf } from './events.ts'

export function gatesOf(events: readonly JournalEvent[]): readonly GateSummary[] {
  return eventsOf(events, 'gate-ended').map(
    ({ scope, phase, stage, index, at, verdict, tests, tookMs, bakedMs, suitesWallMs }) => ({
      name: gateName({ scope, phase, stage }),
      phase,
      stage,
      index,
      at,
      verdict,
      tests,
      tookMs,
      bakedMs,
      suitesWallMs,
    }),
  )
}

/** What a gate is called: by its stage, and by its service where there are several. */
export function gateName({
  scope,
  phase,
  stage,
}: {
  readonly scope?: Scope | undefined
  readonly phase: GatePhase
  readonly stage: string
}): string {
  const name = phase === 'pre-deploy' ? phase : stage
  return scope === undefined ? name : `${name} of ${scope}`
}
