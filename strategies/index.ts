import { SluiceError } from '#harness/errors'
import type { CompositionDefinition, EntrySnapshot, StrategyDefinition } from '#harness/strategy'
import { abStrategy } from './ab.ts'
import { allAtOnceStrategy } from './all-at-once.ts'
import { blueGreenStrategy } from './blue-green.ts'
import { canaryStrategy } from './canary.ts'
import { dnsCutoverStrategy } from './dns-cutover.ts'
import { dnsWeightedStrategy } from './dns-weighted.ts'
import { immutableStrategy } from './immutable.ts'
import { linearStrategy } from './linear.ts'
import { recreateStrategy } from './recreate.ts'
import { rollingStrategy } from './rolling.ts'
import { rollingFleetsStrategy } from './rolling-fleets.ts'
import { systemComposition } from './system.ts'
import { wavesComposition } from './waves.ts'

export { ab } from './ab.ts'
export { allAtOnce } from './all-at-once.ts'
export { blueGreen } from './blue-green.ts'
export { canary } from './canary.ts'
export { dnsCutover } from './dns-cutover.ts'
export { dnsWeighted } from './dns-weighted.ts'
export { immutable } from './immutable.ts'
export { linear } from './linear.ts'
export { recreate } from './recreate.ts'
export { rolling } from './rolling.ts'
export { rollingFleets } from './rolling-fleets.ts'
export { system } from './system.ts'
export { waves } from './waves.ts'

/** Every strategy by name. Add one: its file, and its line here. */
const strategies = {
  ab: abStrategy,
  'all-at-once': allAtOnceStrategy,
  'blue-green': blueGreenStrategy,
  canary: canaryStrategy,
  'dns-cutover': dnsCutoverStrategy,
  'dns-weighted': dnsWeightedStrategy,
  immutable: immutableStrategy,
  linear: linearStrategy,
  recreate: recreateStrategy,
  rolling: rollingStrategy,
  'rolling-fleets': rollingFleetsStrategy,
} satisfies Record<string, StrategyDefinition>

/** Every composition by name: what combines the plans of strategies into one. */
const compositions = {
  system: systemComposition,
  waves: wavesComposition,
} satisfies Record<string, CompositionDefinition>

export const strategyNames: readonly string[] = Object.keys(strategies)

export const compositionNames: readonly string[] = Object.keys(compositions)

/** The composition of that name, if it is one. */
export const compositionNamed = (name: string): CompositionDefinition | undefined =>
  Object.entries(compositions).find(([known]) => known === name)?.[1]

/** What leads users to the fleets that a strategy shifts them between. */
export const entriesOf = ({ entries = ['listener'] }: StrategyDefinition): readonly EntrySnapshot['via'][] =>
  entries

const ENTRY_WORDS = { listener: 'by a listener', registration: 'by registration', dns: 'by DNS' }

/**
 * The strategy of that name; `usage` when there is none, listing those there are, or when it does not fit a service
 * that is reached in this way, listing those that do.
 */
export function strategyNamed(name: string, via?: EntrySnapshot['via']): StrategyDefinition {
  const found: StrategyDefinition | undefined = Object.entries(strategies).find(
    ([known]) => known === name,
  )?.[1]
  if (found && (via === undefined || entriesOf(found).includes(via))) return found
  if (found && via !== undefined) {
    const fitting = Object.values<StrategyDefinition>(strategies).filter((each) =>
      entriesOf(each).includes(via),
    )
    throw new SluiceError('usage', `${name} does not fit a service that is reached ${ENTRY_WORDS[via]}`, {
      hint: `strategies that do: ${fitting.map((each) => each.name).join(', ')}`,
    })
  }
  throw new SluiceError('usage', `there is no strategy named ${name}`, {
    hint: `strategies: ${[...strategyNames, ...compositionNames].join(', ')}`,
  })
}
