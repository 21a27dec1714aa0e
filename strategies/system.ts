import { z } from 'zod'
import type { CompositionDefinition, Part, StrategySpec } from '#harness/strategy'
import { composed, halves, levelsOf, sideways } from './compose.ts'

const options = z.strictObject({
  /**
   * `dependencies`: a service after those it asks, which have been proven by then; those that do not wait for each other go
   * side by side. `together`: the stages of all services side by side, as blue-green of a whole stack.
   */
  order: z.enum(['dependencies', 'together']).default('dependencies'),
})

/** Deploys the services of a system, each by a strategy of its own. */
export const system = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'system',
  options: given,
})

/** Every old fleet is kept until the last service is proven: a failure takes all of them back, dependants first. */
export const systemComposition: CompositionDefinition<z.output<typeof options>> = {
  name: 'system',
  summary: 'deploy the services of a system in the order of their dependencies, or all together',
  over: 'services',
  options,
  compose:
    ({ order }) =>
    (parts) => {
      const levels = levelsOf(parts)
      const groups = order === 'together' ? [parts] : levels
      const stages = groups.flatMap((group) => besides(group, (part) => halves(part).shifting))
      return composed(
        'system',
        parts,
        [...stages, ...besides(parts, (part) => halves(part).clearing, ': ')],
        levels.toReversed().map((level) => level.map(({ scope }) => scope)),
      )
    },
}

function besides(
  parts: readonly Part[],
  of: (part: Part) => ReturnType<typeof halves>['shifting'],
  by = ' ',
) {
  return sideways(parts.map(of), (members) =>
    members.map(({ way, stage }) => `${parts[way]?.service}${by}${stage.name}`).join(', '),
  )
}
