import type { FleetSnapshot, FleetTarget } from './strategy.ts'

type Bounds = Pick<FleetTarget, 'desiredCapacity' | 'minSize' | 'maxSize'>

/** The size of a fleet that stands at 0. A group keeps its maximum; plain instances have no bounds but their number. */
export const noneOf = ({ kind, maxSize }: Pick<FleetSnapshot, 'kind' | 'maxSize'>): Bounds => ({
  desiredCapacity: 0,
  minSize: 0,
  maxSize: kind === 'group' ? maxSize : 0,
})
