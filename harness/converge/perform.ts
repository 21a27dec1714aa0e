import { unreachable } from '../errors.ts'
import type { Action } from './action.ts'
import { setCapacity, setProcesses, setRoles } from './capacity.ts'
import type { ActionContext } from './context.ts'
import { clearRemains, createFleet, removeFleet } from './fleet.ts'
import { awaitEmpty, awaitHealthy } from './health.ts'
import { setWeights, verifyWeights } from './weights.ts'

/** Makes one change, or waits for one. Idempotent: performed again it changes nothing more. */
export async function perform(action: Action, context: ActionContext): Promise<void> {
  switch (action.kind) {
    case 'create-fleet':
      return createFleet(context, action.fleet)
    case 'set-capacity':
      return setCapacity(context, action.fleet, action.target)
    case 'set-processes':
      return setProcesses(context, action.fleet, action.suspended)
    case 'await-healthy':
      return awaitHealthy(context, action.fleet, action.count)
    case 'set-weights':
      await setWeights(context, action.shares)
      return verifyWeights(context, action.shares)
    case 'await-empty':
      return awaitEmpty(context, action.fleet)
    case 'set-roles':
      return setRoles(context, action.roles)
    case 'remove-fleet':
      return removeFleet(context, action.fleet)
    case 'clear-remains':
      return clearRemains(context, action.fleet)
    default:
      return unreachable(action)
  }
}
