import { SluiceError, unreachable } from './errors.ts'
import type { RevertCause } from './journal/event.ts'

/**
 * Where a deployment stands. `stage` counts the plan's stages from 0; `gate` phases name the stage whose gate is
 * being judged. The last four are terminal.
 */
export type Phase =
  | { readonly kind: 'planned' }
  | { readonly kind: 'preparing' }
  | { readonly kind: 'converging'; readonly stage: number }
  | { readonly kind: 'gating'; readonly stage: number }
  | { readonly kind: 'finishing' }
  | { readonly kind: 'reverting'; readonly cause: RevertCause; readonly stage: number }
  | { readonly kind: 'promoted' }
  | { readonly kind: 'reverted'; readonly cause: RevertCause }
  | { readonly kind: 'revert-incomplete'; readonly cause: RevertCause }
  | { readonly kind: 'untouched'; readonly cause: RevertCause }

export type Event =
  | { readonly kind: 'started' }
  | { readonly kind: 'gate-passed' }
  | { readonly kind: 'converged' }
  | { readonly kind: 'finished' }
  /** A gate that did not pass, an error, or an interruption. */
  | { readonly kind: 'stopped'; readonly cause: RevertCause }
  | { readonly kind: 'restored' }
  | { readonly kind: 'restore-failed' }

export const isTerminal = (phase: Phase): boolean =>
  phase.kind === 'promoted' ||
  phase.kind === 'reverted' ||
  phase.kind === 'revert-incomplete' ||
  phase.kind === 'untouched'

/**
 * The one place that says what follows what. Pure. Preparing is the pre-deploy gate: stopped there, nothing was
 * touched. A stop while finishing changes nothing either: the release is promoted already, and only leftovers of
 * earlier ones are being cleared.
 */
export function next(phase: Phase, event: Event, stages: number): Phase {
  switch (phase.kind) {
    case 'planned':
      if (event.kind === 'started') return stages === 0 ? { kind: 'promoted' } : { kind: 'preparing' }
      if (event.kind === 'stopped') return { kind: 'untouched', cause: event.cause }
      break
    case 'preparing':
      if (event.kind === 'gate-passed') return { kind: 'converging', stage: 0 }
      if (event.kind === 'stopped') return { kind: 'untouched', cause: event.cause }
      break
    case 'converging':
      if (event.kind === 'converged') return { kind: 'gating', stage: phase.stage }
      if (event.kind === 'stopped') return { kind: 'reverting', cause: event.cause, stage: phase.stage }
      break
    case 'gating':
      if (event.kind === 'gate-passed') {
        return phase.stage + 1 < stages
          ? { kind: 'converging', stage: phase.stage + 1 }
          : { kind: 'finishing' }
      }
      if (event.kind === 'stopped') return { kind: 'reverting', cause: event.cause, stage: phase.stage }
      break
    case 'finishing':
      if (event.kind === 'finished' || event.kind === 'stopped') return { kind: 'promoted' }
      break
    case 'reverting':
      if (event.kind === 'restored') return { kind: 'reverted', cause: phase.cause }
      if (event.kind === 'restore-failed') return { kind: 'revert-incomplete', cause: phase.cause }
      if (event.kind === 'stopped') return phase
      break
    case 'promoted':
    case 'reverted':
    case 'revert-incomplete':
    case 'untouched':
      break
    default:
      return unreachable(phase)
  }
  throw new SluiceError('internal', `a deployment that is ${phase.kind} cannot take the event ${event.kind}`)
}
