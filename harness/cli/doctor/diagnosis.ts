import { describeError, SluiceError } from '../../errors.ts'

/** What one look at the ground showed. `fail`: a deployment would not start, or not get far. */
export interface Diagnosis {
  readonly check: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly says: string
  /** What to do; absent when all is well. */
  readonly next?: string
}

export const ok = (check: string, says: string): Diagnosis => ({ check, status: 'ok', says })

export const warn = (check: string, says: string, next: string): Diagnosis => ({
  check,
  status: 'warn',
  says,
  next,
})

export const fail = (check: string, says: string, next: string): Diagnosis => ({
  check,
  status: 'fail',
  says,
  next,
})

/** An error as what it means here. */
export const failed = (check: string, thrown: unknown): Diagnosis => {
  const hint = thrown instanceof SluiceError ? thrown.hint : undefined
  return fail(check, describeError(thrown), hint ?? 'mend that, and run sluice doctor again')
}
