import { unreachable } from '../errors.ts'
import type { Action } from './action.ts'
import type { ActionContext } from './context.ts'
import { kindOf } from './fleet-kinds.ts'
import { fleetNamed } from './health.ts'
import { setKept } from './kept.ts'
import { setMarks } from './marks.ts'
import { setTemplate } from './pair-template.ts'
import { setRecords } from './records.ts'
import { refresh, rollBack } from './refresh.ts'
import { awaitDeregistered, setAttached } from './registration.ts'
import { addRoute, removeRoute } from './routes.ts'
import { removeVersions } from './template.ts'
import { addTestListener, removeTestListener } from './test-listeners.ts'
import { awaitUnasked } from './unasked.ts'
import { setWeights, verifyWeights } from './weights.ts'

/** Makes one change, or waits for one. Idempotent: performed again it changes nothing more. */
export async function perform(action: Action, context: ActionContext): Promise<void> {
  const fleets = kindOf(context)
  switch (action.kind) {
    case 'create-fleet':
      return fleets.create(context, action.fleet)
    case 'set-capacity':
      return fleets.setCapacity(context, action.fleet, action.target)
    case 'set-processes':
      return fleets.setProcesses(context, action.fleet, action.suspended)
    case 'await-healthy':
      return fleets.awaitHealthy(context, action.fleet, action.count)
    case 'set-weights':
      await setWeights(context, action.shares)
      return verifyWeights(context, action.shares)
    case 'set-records':
      return setRecords(context, action)
    case 'set-attached':
      return setAttached(context, action)
    case 'await-deregistered':
      return awaitDeregistered(context, action.fleet)
    case 'await-unasked':
      return awaitUnasked(context, action.fleet)
    case 'add-route':
      return addRoute(context, action.route)
    case 'remove-route':
      return removeRoute(context, action.ruleArn)
    case 'add-test-listener':
      return addTestListener(context, action.port, action.to)
    case 'remove-test-listener':
      return removeTestListener(context, action.listenerArn)
    case 'await-empty':
      return fleets.awaitDrained(context, action.fleet, 0)
    case 'await-drained':
      return fleets.awaitDrained(context, action.fleet, action.left)
    case 'set-roles':
      return fleets.setRoles(context, action.roles)
    case 'refresh':
      return refresh(context, action.fleet, action.mix, action.capacity)
    case 'roll-back':
      return rollBack(context, action.fleet)
    case 'remove-versions':
      return removeVersions(context, fleetNamed(context, action.fleet).launchTemplate, action.versions)
    case 'set-template':
      return setTemplate(context, action.fleet, action.template)
    case 'set-marks':
      return setMarks(context, action.fleet, action.marks)
    case 'set-release':
      return fleets.setRelease(context, action.fleet, action.release)
    case 'set-former':
      return fleets.setFormer(context, action.fleet, action.former)
    case 'set-kept':
      return setKept(context, action.fleet, action.kept)
    case 'remove-fleet':
      return fleets.remove(context, action.fleet)
    case 'clear-remains':
      return fleets.clearRemains(context, action.fleet)
    default:
      return unreachable(action)
  }
}
