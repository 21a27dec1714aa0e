import { SluiceError } from '#harness/errors'
import type { StrategyDefinition } from '#harness/strategy'
import { canaryStrategy } from './canary.ts'

export { canary } from './canary.ts'

/** Every strategy by name. Add one: its file, and its line here. */
const strategies = {
  canary: canaryStrategy,
} satisfies Record<string, StrategyDefinition>

export const strategyNames: readonly string[] = Object.keys(strategies)

/** The strategy of that name; `usage` when there is none, listing those there are. */
export function strategyNamed(name: string): StrategyDefinition {
  const found: StrategyDefinition | undefined = Object.entries(strategies).find(
    ([known]) => known === name,
  )?.[1]
  if (found) return found
  throw new SluiceError('usage', `there is no strategy named ${name}`, {
    hint: `strategies: ${strategyNames.join(', ')}`,
  })
}
