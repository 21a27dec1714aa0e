import fc from 'fast-check'
import { entriesOf, strategyNamed, strategyNames } from '#strategies/index'
import { pairOf, service, serviceByDns, serviceByRegistration } from '../converge/model-service.ts'
import type { FleetSnapshot, Plan, ServiceSnapshot } from '../strategy.ts'

const BATCH = fc.oneof(
  fc.integer({ min: 1, max: 250 }),
  fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
)

const NAME = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/)

const STEPS = fc
  .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 6 })
  .map((steps) => ({ steps: [...steps.sort((a, b) => a - b), 100] }))

/** Random options, where a strategy has some that shape its stages. */
const OPTIONS: Readonly<Record<string, fc.Arbitrary<object>>> = {
  ab: fc.oneof(
    fc.record({ header: fc.dictionary(NAME, NAME, { minKeys: 1, maxKeys: 5 }) }),
    fc.record({ cookie: fc.dictionary(NAME, NAME, { minKeys: 1, maxKeys: 1 }) }),
  ),
  'blue-green': fc.oneof(
    fc.record({ test: fc.record({ header: fc.dictionary(NAME, NAME, { minKeys: 1, maxKeys: 5 }) }) }),
    fc.record({ test: fc.record({ listener: fc.integer({ min: 1_024, max: 65_535 }) }) }),
    fc.constant({}),
  ),
  canary: STEPS,
  'dns-weighted': STEPS,
  linear: fc.record({ step: fc.integer({ min: 1, max: 100 }) }),
  rolling: fc.record({ batch: BATCH }),
  'rolling-fleets': fc.record({ batch: BATCH }),
}

/** Fleets that earlier deployments left parked: of another release, or of the very one that is deployed. */
const PARKED = fc.uniqueArray(
  fc.record({ release: fc.constantFrom('0.9.0', '2.0.0'), maxSize: fc.integer({ min: 1, max: 400 }) }),
  { selector: ({ release }) => release, maxLength: 2 },
)

type Parked = typeof PARKED extends fc.Arbitrary<infer Each> ? Each : never

function withParked(before: ServiceSnapshot, parked: Parked): ServiceSnapshot {
  const [model] = before.fleets
  if (!model) return before
  const empty = { minSize: 0, desiredCapacity: 0, inService: 0, healthy: 0, instances: 0, targets: 0 }
  const fleets = parked.map(({ release, maxSize }): FleetSnapshot => {
    const name = `orders-${release.replaceAll('.', '-')}`
    const mark = { name, release, role: 'parked', owned: true, suspendedProcesses: [] } as const
    return model.kind === 'group'
      ? { ...model, ...empty, ...mark, maxSize }
      : { ...model, ...empty, ...mark, maxSize: 0, addresses: ['10.0.0.1'] }
  })
  return { ...before, fleets: [model, ...fleets] }
}

/** Their old fleet is gone, or the same as the new one. */
const KEEPS_NOTHING = ['recreate', 'rolling', 'dns-cutover', 'dns-weighted']

/** What a strategy must be told. */
const NEEDED: Readonly<Record<string, object>> = { ab: { header: { 'x-beta': '1' } } }

/** The other one of a pair, where there is one: empty, unless two releases must never run at once. */
const NEXT = (name: string, kind: Kind) =>
  kind === 'behind a listener' ? fc.option(OTHER(name), { nil: undefined }) : fc.constant(undefined)

const OTHER = (name: string) =>
  fc.oneof(
    fc.record({ capacity: fc.constant(0), listed: fc.boolean(), marked: fc.boolean() }),
    fc.record({
      // Outside of the listener nobody would say when it is healthy again.
      capacity: name === 'recreate' ? fc.constant(0) : fc.integer({ min: 1, max: 250 }),
      listed: fc.constant(true),
      marked: fc.boolean(),
    }),
  )

/** What leads users to fleets, and what those are. */
export const KINDS = {
  'behind a listener': service,
  'by registration': (capacity, _weight, processes) => serviceByRegistration(capacity, processes),
  'by DNS to load balancers': (capacity, weight, processes) =>
    serviceByDns(capacity, Math.min(255, weight), 'alias', processes),
  'by DNS to instances': (capacity, weight) => serviceByDns(capacity, Math.min(255, weight), 'addresses'),
} satisfies Record<string, (capacity: number, weight: number, processes: string[]) => ServiceSnapshot>

export type Kind = keyof typeof KINDS

/** Every strategy with each kind of service that it can deploy to. */
export const CASES = strategyNames.flatMap((name) => {
  const entries = entriesOf(strategyNamed(name))
  const kinds: Kind[] = [
    ...(entries.includes('listener') ? (['behind a listener'] as const) : []),
    ...(entries.includes('registration') ? (['by registration'] as const) : []),
    ...(entries.includes('dns') ? (['by DNS to load balancers', 'by DNS to instances'] as const) : []),
  ]
  return kinds.map((kind) => ({ name, kind }))
})

const worlds = (name: string, kind: Kind) =>
  fc.record({
    before: fc
      .tuple(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 999 }),
        fc.subarray(['AZRebalance', 'AlarmNotification']),
        PARKED,
        NEXT(name, kind),
      )
      .map(([capacity, weight, processes, parked, next]) => {
        const alone = KINDS[kind](capacity, weight, processes)
        return next ? pairOf(alone, next) : withParked(alone, parked)
      }),
    options: fc
      .tuple(
        // By DNS no listener leads tests past the users, and by registration no target group does.
        (name === 'blue-green' && kind !== 'behind a listener' ? undefined : OPTIONS[name]) ??
          fc.constant({}),
        fc.constantFrom({}, { keep: '1h' }),
      )
      .map(([given, kept]) => ({
        ...(Object.keys(given).length > 0 ? given : NEEDED[name]),
        ...(KEEPS_NOTHING.includes(name) || kind.startsWith('by DNS') ? {} : kept),
      })),
  })

const RELEASE = { version: '2.0.0' }

export const draw = (name: string, options: object, before: ServiceSnapshot, release = RELEASE): Plan => {
  const strategy = strategyNamed(name)
  return strategy.draw(
    strategy.options.parse(Object.keys(options).length > 0 ? options : (NEEDED[name] ?? options)),
  )(before, release)
}

export const capacityOf = (before: ServiceSnapshot): number => before.fleets[0]?.desiredCapacity ?? 0

/** What a promise says holds for every world that a strategy may meet. */
export const holds = (
  name: string,
  kind: Kind,
  property: (plan: Plan, before: ServiceSnapshot) => void,
): void =>
  fc.assert(
    fc.property(worlds(name, kind), ({ before, options }) => property(draw(name, options, before), before)),
    {
      numRuns: 60,
    },
  )
