import { explainFailure } from './connect/index.ts'
import { describeError, SluiceError } from './errors.ts'
import type { Verdict } from './gate.ts'
import type { RevertCause } from './journal/event.ts'

/** Why a deployment does not go on. */
export interface Stop {
  readonly cause: RevertCause
  readonly sentence: string
  readonly exitCode: number
  /** Cloud instant of the first sign, if one is known. */
  readonly detectedAt?: number
}

const VERDICT_EXIT = { failed: 3, inconclusive: 4, error: 1 } as const

/** What a gate that did not open means; `undefined` when it opened. */
export function stopOfVerdict(verdict: Verdict, detectedAt?: number): Stop | undefined {
  if (verdict.status === 'passed') return undefined
  return {
    cause: 'gate',
    sentence: verdict.sentence,
    exitCode: VERDICT_EXIT[verdict.status],
    ...(detectedAt === undefined ? {} : { detectedAt }),
  }
}

/** What a thrown thing means for a deployment that has begun. */
export function stopOfError(thrown: unknown): Stop {
  const told = explainFailure(thrown)
  const sentence = told ? `${told.message}; ${told.hint}` : describeError(thrown)
  if (thrown instanceof SluiceError) {
    if (thrown.code === 'interrupted') return { cause: 'interrupted', sentence, exitCode: 130 }
    if (thrown.code === 'busy') return { cause: 'error', sentence, exitCode: 6 }
    if (thrown.code === 'unhealthy' || thrown.code === 'breach')
      return { cause: 'gate', sentence, exitCode: 3 }
  }
  return { cause: 'error', sentence, exitCode: 1 }
}
