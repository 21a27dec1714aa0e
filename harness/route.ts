import type { ClientRoute, FleetName, RouteSnapshot, TestWay } from './strategy.ts'

/** Of the probe's requests, the share that is sent as such clients. */
const ASKED_AS_CLIENT = 0.5

/** What the requests of such clients carry. */
export function headersOf({ header, cookie }: Omit<ClientRoute, 'to'>): Record<string, string> {
  return { ...header, ...(cookie ? { cookie: `${cookie.name}=${cookie.value}` } : {}) }
}

/** Values of a header of which one must match: what a rule asks for. */
export interface HeaderCondition {
  readonly name: string
  readonly values: readonly string[]
}

/** Such clients, for people. */
export const describeClients = (route: Omit<ClientRoute, 'to'>): string =>
  `clients with ${Object.entries(headersOf(route))
    .map((pair) => pair.join(': '))
    .join(' and ')}`

/** How suites ask the fleet that is tested, for people. */
export const describeTest = ({ header, listener }: TestWay): string =>
  header
    ? `tests with ${Object.entries(header)
        .map((pair) => pair.join(': '))
        .join(' and ')}`
    : `tests on port ${listener}`

/** A cookie is one of several in its header: alone, first, last, or between others. */
export function conditionsOf({ header, cookie }: ClientRoute): HeaderCondition[] {
  const plain = Object.entries(header).map(([name, value]) => ({ name, values: [value] }))
  if (!cookie) return plain
  const pair = `${cookie.name}=${cookie.value}`
  return [...plain, { name: 'cookie', values: [pair, `${pair};*`, `*; ${pair}`, `*; ${pair};*`] }]
}

export const describeConditions = (conditions: readonly HeaderCondition[]): string =>
  conditions
    .map(({ name, values }) => `${name.toLowerCase()}: ${[...values].sort().join(' | ')}`)
    .sort()
    .join(', ')

/** Whether a rule as found does what a route asks for. */
export const isRoute = ({ to, conditions }: RouteSnapshot, route: ClientRoute | undefined): boolean =>
  route !== undefined && to === route.to && conditions === describeConditions(conditionsOf(route))

/** The weights by which the probe sees fleets answer, while half of it asks as clients who are sent to one. */
export function sharesAsked(
  shares: Readonly<Record<FleetName, number>>,
  route: ClientRoute | undefined,
): Record<FleetName, number> {
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0)
  if (!route || total === 0) return { ...shares }
  const asked: Record<FleetName, number> = {}
  for (const [fleet, share] of Object.entries(shares)) asked[fleet] = share * (1 - ASKED_AS_CLIENT)
  return { ...asked, [route.to]: (asked[route.to] ?? 0) + total * ASKED_AS_CLIENT }
}
