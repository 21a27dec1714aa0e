import { z } from 'zod'
import { duration } from '#harness/duration'
import type { CompositionDefinition, Part, Stage, StrategySpec } from '#harness/strategy'
import { canary } from './canary.ts'
import { composed, halves, sideways, watchedAt } from './compose.ts'

const region = z.string().min(1)

const options = z.strictObject({
  /** Regions in the order in which they are deployed to, those of one wave at once: one with little traffic first. */
  waves: z
    .array(z.union([region.transform((each) => [each]), z.array(region).min(1)]))
    .min(1)
    .refine((waves) => new Set(waves.flat()).size === waves.flat().length, 'expected every region once'),
  /** How each region is deployed to. */
  strategy: z
    .strictObject({ name: z.string(), options: z.record(z.string(), z.unknown()).default({}) })
    .prefault(canary()),
  /** How long a wave that has arrived is watched before the next one begins. */
  bake: duration.prefault('10m'),
  /** How much longer an inconclusive wave is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
  /**
   * What becomes of earlier waves when a later one fails: they go back as well, so their old fleets are kept until the last
   * wave is proven; or they keep the new release, and their old fleets are cleared away wave by wave.
   */
  earlier: z.enum(['revert', 'keep']).default('revert'),
})

type Options = z.output<typeof options>

/** Deploys to one region after another, each by a strategy of its own. */
export const waves = (given: z.input<typeof options>): StrategySpec => ({ name: 'waves', options: given })

/** No wave begins before the one before it has been watched for as long as the barrier says. */
export const wavesComposition: CompositionDefinition<Options> = {
  name: 'waves',
  summary: 'deploy region after region, with a barrier between the waves',
  over: 'regions',
  options,
  places: ({ waves: each, strategy }) => ({ regions: each.flat(), by: strategy }),
  compose:
    ({ waves: regions, bake, extend = bake, earlier }) =>
    (parts) => {
      const waves = regions
        .map((wave) => parts.filter(({ region }) => wave.includes(region)))
        .filter((wave) => wave.length > 0)
      const stages = waves.flatMap((wave, at): Stage[] => {
        const name = nameOf(wave, at)
        const ways = wave.map((part) => halves(part).shifting)
        const named = (what: string): string => `${name}: ${what}`
        const barrier =
          at + 1 < waves.length ? [watchedAt(named('barrier'), ways, { suites: 'shift', bake, extend })] : []
        return [
          ...sideways(ways, (members) => named(common(members.map(({ stage }) => stage.name)))),
          ...barrier,
          ...(earlier === 'keep' ? settled(wave, named) : []),
        ]
      })
      const clearing = parts.map((part) => halves(part).clearing)
      return composed(
        'waves',
        parts,
        earlier === 'keep'
          ? stages
          : [...stages, ...sideways(clearing, (members) => common(members.map(({ stage }) => stage.name)))],
        waves.toReversed().map((wave) => wave.map(({ scope }) => scope)),
      )
    },
}

const nameOf = (wave: readonly Part[], at: number): string =>
  `wave ${at + 1} (${wave.map(({ region }) => region).join(', ')})`

const common = (names: readonly string[]): string => [...new Set(names)].join(' / ')

/** The old fleets of a wave are cleared away, and it has arrived. */
function settled(wave: readonly Part[], named: (what: string) => string): Stage[] {
  const ways = wave.map((part) => halves(part).clearing)
  const stages = sideways(ways, (members) => named(common(members.map(({ stage }) => stage.name))))
  const settles = wave.map(({ scope }) => scope)
  return stages.map((stage, at) => (at === stages.length - 1 ? { ...stage, settles } : stage))
}
