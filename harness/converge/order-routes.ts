import { isRoute } from '../route.ts'
import type { ClientRoute, ListenerSnapshot, ServiceSnapshot, Target } from '../strategy.ts'
import type { Action } from './action.ts'

/** What rules of the listener shall send to one fleet: clients, and tests. */
function wantedRoutes({ traffic: { route, test } }: Target): ClientRoute[] {
  return [...(route ? [route] : []), ...(test?.header ? [{ to: test.to, header: test.header }] : [])]
}

/** Rules and listeners that the target does not speak of; of two that say the same, one stays. */
export function strayRoutes({ routes = [], listeners = [] }: ServiceSnapshot, target: Target): Action[] {
  const kept = wantedRoutes(target).map((route) => routes.find((found) => isRoute(found, route)))
  return [
    ...routes
      .filter((found) => !kept.includes(found))
      .map(({ ruleArn, conditions }): Action => ({ kind: 'remove-route', ruleArn, conditions })),
    ...listeners
      .filter((found) => found.owned && !isTest(found, target))
      .map(({ listenerArn, port }): Action => ({ kind: 'remove-test-listener', listenerArn, port })),
  ]
}

export function missingRoutes({ routes = [], listeners = [] }: ServiceSnapshot, target: Target): Action[] {
  const { test } = target.traffic
  const missing = wantedRoutes(target)
    .filter((route) => !routes.some((found) => isRoute(found, route)))
    .map((route): Action => ({ kind: 'add-route', route }))
  return test?.listener === undefined || listeners.some((found) => isTest(found, target))
    ? missing
    : [...missing, { kind: 'add-test-listener', port: test.listener, to: test.to }]
}

const isTest = ({ port, to, owned }: ListenerSnapshot, { traffic: { test } }: Target): boolean =>
  owned === true && test !== undefined && port === test.listener && to === test.to
