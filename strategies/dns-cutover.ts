import { z } from 'zod'
import { duration } from '#harness/duration'
import type { StrategyDefinition, StrategySpec } from '#harness/strategy'
import { sideBySide, whole } from './side-by-side.ts'
import { ttl } from './ttl.ts'

const options = z.strictObject({
  /** How long the new release is watched after the cut-over, while the old one stands by. */
  bake: duration.prefault('1h'),
  /** How much longer an inconclusive gate is watched before it fails closed; ten minutes by default. */
  extend: duration.prefault('10m'),
  /** For how long answers may be kept when the name changes sides; no longer than the records say now. */
  ttl,
})

/** Proves a whole new fleet of which DNS says nothing, then leads everybody there. */
export const dnsCutover = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'dns-cutover',
  options: given,
})

/** Blue-green behind DNS: the old side is kept long, and is torn down only when nobody asks it any more. */
export const dnsCutoverStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'dns-cutover',
  summary: 'prove a whole new fleet, then lead its DNS name there in one change; the old side is kept long',
  options,
  entries: ['dns'],
  draw:
    ({ bake, extend, ttl: seconds }) =>
    (service, release) =>
      sideBySide('dns-cutover', service, release, [
        {
          name: 'new side stands',
          share: 0,
          candidate: whole,
          ttl: seconds,
          gate: { suites: 'shift', bake: 0, extend: 0 },
        },
        {
          name: 'cut over',
          share: 100,
          candidate: whole,
          ttl: seconds,
          gate: { suites: 'shift', bake, extend },
        },
      ]),
}
