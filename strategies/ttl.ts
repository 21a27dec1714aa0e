import { duration } from '#harness/duration'

/** Cloud milliseconds in, whole seconds out: as records have it, an hour at most. */
export const ttl = duration
  .prefault('60s')
  .transform((ms) => Math.round(ms / 1_000))
  .refine((seconds) => seconds >= 1 && seconds <= 3_600, 'expected 1s to 1h')
