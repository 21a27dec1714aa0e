import { SluiceError } from '../errors.ts'
import type { GroupFleet, ListenerEntry, ServiceSnapshot } from '../strategy.ts'

/** The listener that a service is reached by: only there are weights and rules. */
export function listenerOf({ entry, scope }: ServiceSnapshot): ListenerEntry {
  if (entry.via === 'listener') return entry
  throw new SluiceError('internal', `${scope} is not reached by a listener`)
}

/** The fleets that stand behind target groups. */
export const groupFleets = ({ fleets }: Pick<ServiceSnapshot, 'fleets'>): readonly GroupFleet[] =>
  fleets.filter((fleet) => fleet.kind === 'group')
