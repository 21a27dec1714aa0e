import type { Phase } from './deployment.ts'
import { SluiceError, unreachable } from './errors.ts'
import type { EndState } from './journal/event.ts'
import type { Stop } from './stop.ts'
import type { Plan, Scope } from './strategy.ts'

/** What a terminal phase means for the cloud. */
export function endStateOf(phase: Phase, plan: Plan): EndState {
  switch (phase.kind) {
    case 'promoted':
      return plan.stages.length === 0 ? 'nothing-to-do' : 'promoted'
    case 'reverted':
    case 'revert-incomplete':
    case 'untouched':
      return phase.kind
    default:
      throw new SluiceError('internal', `a deployment does not end while ${phase.kind}`)
  }
}

export function exitCodeOf(state: EndState, stop: Stop | undefined): number {
  switch (state) {
    case 'promoted':
    case 'nothing-to-do':
      return 0
    case 'revert-incomplete':
      return 5
    case 'reverted':
    case 'untouched':
      return stop?.exitCode ?? 1
    default:
      return unreachable(state)
  }
}

/** `kept`: scopes that have arrived and were not taken back with the others. */
export function sentenceOf(
  state: EndState,
  service: string,
  plan: Plan,
  stop: Stop | undefined,
  kept: readonly Scope[] = [],
): string {
  const stays = kept.length > 0 ? `; ${kept.join(', ')} keeps ${plan.to}` : ''
  const why = `${stop?.sentence ?? ''}${stays}`
  switch (state) {
    case 'promoted':
      return `${service} runs ${plan.to}`
    case 'nothing-to-do':
      return `${service} already runs ${plan.to}; nothing was changed`
    case 'untouched':
      return `${service} was not touched and runs ${plan.from}: ${why}`
    case 'reverted':
      return `${service} is back on ${plan.from}: ${why}`
    case 'revert-incomplete':
      return `${service} is not wholly back on ${plan.from}; a person is needed: ${why}`
    default:
      return unreachable(state)
  }
}
