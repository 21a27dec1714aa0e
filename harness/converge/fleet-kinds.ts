import { SluiceError } from '../errors.ts'
import type { FleetName, FleetRole, FleetSnapshot, FleetTarget, Former } from '../strategy.ts'
import { setCapacity, setProcesses, setRelease, setRoles } from './capacity.ts'
import type { ActionContext } from './context.ts'
import { createFleet, removeFleet } from './fleet.ts'
import { setFormer } from './former.ts'
import { awaitDrained, awaitHealthy } from './health.ts'
import {
  awaitInstancesGone,
  awaitInstancesHealthy,
  clearInstanceRemains,
  createInstanceFleet,
  removeInstanceFleet,
  setInstanceCount,
  setInstanceFormer,
  setInstanceRoles,
} from './instance-fleet.ts'
import { clearRemains } from './remains.ts'

/** What can be done to a fleet, whatever it is made of. */
interface FleetKind {
  create(context: ActionContext, name: FleetName): Promise<void>
  setCapacity(context: ActionContext, name: FleetName, target: FleetTarget): Promise<void>
  setProcesses(context: ActionContext, name: FleetName, suspended: readonly string[]): Promise<void>
  awaitHealthy(context: ActionContext, name: FleetName, count: number): Promise<void>
  awaitDrained(context: ActionContext, name: FleetName, left: number): Promise<void>
  setRoles(context: ActionContext, roles: Readonly<Record<FleetName, FleetRole>>): Promise<void>
  setRelease(context: ActionContext, name: FleetName, release: string): Promise<void>
  setFormer(context: ActionContext, name: FleetName, former: Former | undefined): Promise<void>
  remove(context: ActionContext, name: FleetName): Promise<void>
  clearRemains(context: ActionContext, name: FleetName): Promise<void>
}

const noSuch = (what: string) => (): Promise<never> =>
  Promise.reject(new SluiceError('internal', `plain instances have no ${what}`))

/** Every kind of fleet. A service's fleets are all of one kind. */
const kinds = {
  group: {
    create: createFleet,
    setCapacity,
    setProcesses,
    awaitHealthy,
    awaitDrained,
    setRoles,
    setRelease,
    setFormer,
    remove: removeFleet,
    clearRemains,
  },
  instances: {
    create: createInstanceFleet,
    setCapacity: setInstanceCount,
    setProcesses: noSuch('processes to suspend'),
    awaitHealthy: awaitInstancesHealthy,
    awaitDrained: awaitInstancesGone,
    setRoles: setInstanceRoles,
    setRelease: noSuch('release that is replaced in place'),
    setFormer: setInstanceFormer,
    remove: removeInstanceFleet,
    clearRemains: clearInstanceRemains,
  },
} satisfies Record<FleetSnapshot['kind'], FleetKind>

export function kindOf({ observed }: ActionContext): FleetKind {
  const [first] = observed.fleets
  if (first) return kinds[first.kind]
  throw new SluiceError('internal', `${observed.scope} was observed without a fleet`)
}
