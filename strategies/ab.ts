import { z } from 'zod'
import { duration } from '#harness/duration'
import type { ClientRoute, StrategyDefinition, StrategySpec } from '#harness/strategy'
import { headers, headerValue } from './headers.ts'
import { type Step, sideBySide, whole } from './side-by-side.ts'

const options = z
  .strictObject({
    /** Clients whose requests carry all of these headers meet the new release, one to five of them. */
    header: headers.optional(),
    /** Clients who have this one cookie do. */
    cookie: z
      .record(z.string().regex(/^[\w.-]{1,40}$/, 'expected the name of a cookie'), headerValue)
      .refine((given) => Object.keys(given).length === 1, 'expected one cookie')
      .optional(),
    /** How long they do before all others follow. */
    hold: duration.prefault('30m'),
    /** What becomes of the new release then: it gets everyone, or it was only to be tried. */
    afterwards: z.enum(['promote', 'revert']).default('promote'),
    /** How long the new release is watched after that before the old one goes. */
    bake: duration.prefault('10m'),
    /** How much longer an inconclusive gate is watched before it fails closed; as long as its own time by default. */
    extend: duration.optional(),
    /** How long the old fleet stands by after that, so that going back is one call; not at all when absent. */
    keep: duration.optional(),
  })
  .refine(({ header, cookie }) => (header === undefined) !== (cookie === undefined), {
    error: 'expected either header or cookie',
  })

/** Sends some clients to the new release, told by a header or a cookie; everyone else stays on the old one meanwhile. */
export const ab = (given: z.input<typeof options>): StrategySpec => ({ name: 'ab', options: given })

/** Nobody says how many these clients are: the new fleet is a whole one before the first of them comes. */
export const abStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'ab',
  summary: 'hold some clients, told by a header or a cookie, on the new release, then swap',
  options,
  draw:
    ({ header = {}, cookie, hold, afterwards, bake, extend, keep }) =>
    (service, release) => {
      const [pair] = Object.entries(cookie ?? {})
      const route: Omit<ClientRoute, 'to'> = {
        header,
        ...(pair ? { cookie: { name: pair[0], value: pair[1] } } : {}),
      }
      const at = (name: string, share: number, watched: number): Omit<Step, 'route'> => ({
        name,
        share,
        candidate: whole,
        gate: { suites: 'shift', bake: watched, extend: watched === 0 ? 0 : (extend ?? watched) },
      })
      const held = at('held apart', 0, hold)
      const steps: readonly Step[] = [
        at('candidate stands', 0, 0),
        { ...held, gate: { ...held.gate, early: true }, route },
        at('swap', 100, bake),
      ]
      const plan = sideBySide('ab', service, release, steps, keep)
      return afterwards === 'promote' ? plan : { ...plan, takesBack: true, stages: plan.stages.slice(0, 2) }
    },
}
