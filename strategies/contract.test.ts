import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ACTION_DEADLINE } from '#harness/converge/context'
import {
  allStates,
  expectAsPromised,
  expectSafe,
  pairOf,
  SCOPE,
  service,
  serviceByDns,
  targetOf,
} from '#harness/converge/model-service'
import { order } from '#harness/converge/order'
import { mixesOf, sharesByVersion } from '#harness/mix'
import { hashPlan } from '#harness/plan'
import type { FleetSnapshot, Plan, ServiceSnapshot } from '#harness/strategy'
import { entriesOf, strategyNamed, strategyNames } from './index.ts'

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
const KINDS = {
  'behind a listener': service,
  'by DNS to load balancers': (capacity, weight, processes) =>
    serviceByDns(capacity, Math.min(255, weight), 'alias', processes),
  'by DNS to instances': (capacity, weight) => serviceByDns(capacity, Math.min(255, weight), 'addresses'),
} satisfies Record<string, (capacity: number, weight: number, processes: string[]) => ServiceSnapshot>

type Kind = keyof typeof KINDS

/** Every strategy with each kind of service that it can deploy to. */
const CASES = strategyNames.flatMap((name) => {
  const entries = entriesOf(strategyNamed(name))
  const kinds: Kind[] = [
    ...(entries.includes('listener') ? (['behind a listener'] as const) : []),
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
        // By DNS no listener leads tests past the users.
        (name === 'blue-green' && kind !== 'behind a listener' ? undefined : OPTIONS[name]) ??
          fc.constant({}),
        fc.constantFrom({}, { keep: '1h' }),
      )
      .map(([given, kept]) => ({
        ...(Object.keys(given).length > 0 ? given : NEEDED[name]),
        ...(KEEPS_NOTHING.includes(name) || kind !== 'behind a listener' ? {} : kept),
      })),
  })

const RELEASE = { version: '2.0.0' }

const draw = (name: string, options: object, before: ServiceSnapshot, release = RELEASE): Plan => {
  const strategy = strategyNamed(name)
  return strategy.draw(
    strategy.options.parse(Object.keys(options).length > 0 ? options : (NEEDED[name] ?? options)),
  )(before, release)
}

const capacityOf = (before: ServiceSnapshot): number => before.fleets[0]?.desiredCapacity ?? 0

/** What a promise says holds for every world that a strategy may meet. */
const holds = (name: string, kind: Kind, property: (plan: Plan, before: ServiceSnapshot) => void): void =>
  fc.assert(
    fc.property(worlds(name, kind), ({ before, options }) => property(draw(name, options, before), before)),
    {
      numRuns: 60,
    },
  )

const sum = (weights: readonly number[]): number => weights.reduce((total, weight) => total + weight, 0)

/** The new release's share of the traffic, stage by stage. */
const candidateShares = (plan: Plan): number[] =>
  plan.stages.map((_, index) => {
    const target = targetOf(plan, index)
    const releaseOf = (fleet: string): string => target.fleets[fleet]?.release ?? fleet
    return sharesByVersion(target.traffic.shares, releaseOf, mixesOf(target))[plan.to] ?? 0
  })

describe.each(CASES)('the strategy $name, $kind', ({ name, kind }) => {
  const always = (property: Parameters<typeof holds>[2]): void => holds(name, kind, property)

  test('is pure: the same input gives the same plan', () =>
    always((plan, before) => {
      expect(hashPlan(plan)).toBe(hashPlan(structuredClone(plan)))
      expect(draw(name, {}, before)).toEqual(draw(name, {}, structuredClone(before)))
    }))

  test('has nothing to do where the release serves already', () => {
    expect(draw(name, {}, KINDS[kind](4, 1, []), { version: '1.0.0' }).stages).toEqual([])
  })

  test('names every stage apart and ends on the new release alone, gated after the deployment', () =>
    always((plan) => {
      const names = plan.stages.map((stage) => stage.name)
      expect(new Set(names).size).toBe(names.length)
      expect(plan.stages.at(-1)?.gate.suites).toBe('post-deploy')
      const weights = Object.values(targetOf(plan, plan.stages.length - 1).traffic.shares)
      expect(weights.filter((weight) => weight > 0)).toHaveLength(1)
    }))

  test('only ever gives the new release more traffic, and watches every stage that does', () =>
    always((plan) => {
      const shares = candidateShares(plan)
      expect(shares).toEqual([...shares].sort((a, b) => a - b))
      for (const [index, share] of shares.entries()) {
        const grows = share > (shares[index - 1] ?? 0)
        if (grows) expect(plan.stages[index]?.gate.bake).toBeGreaterThan(0)
      }
    }))

  test('asks for weights that a listener takes, with one total', () =>
    always((plan) => {
      for (const index of plan.stages.keys()) {
        const weights = Object.values(targetOf(plan, index).traffic.shares)
        expect(weights.length).toBeLessThanOrEqual(5)
        expect(weights.every((weight) => Number.isInteger(weight) && weight >= 0 && weight <= 999)).toBe(true)
        expect(sum(weights)).toBe(100)
      }
    }))

  test('never routes to too few healthy targets, whatever the order of calls, but in downtime it announced', () =>
    always((plan, before) => {
      let state = before
      for (const index of plan.stages.keys()) {
        for (const reached of allStates(state, targetOf(plan, index), 'forward')) {
          expectAsPromised(reached, targetOf(plan, index), capacityOf(before))
          state = reached
        }
        expectSafe(state, capacityOf(before))
        expect(order(state, targetOf(plan, index), 'forward')).toEqual([])
      }
    }))

  test('leads back from after any action to the service as it was, traffic first and safely', () =>
    always((plan, before) => {
      const reached: ServiceSnapshot[] = []
      for (const index of plan.stages.keys()) {
        reached.push(...allStates(reached.at(-1) ?? before, targetOf(plan, index), 'forward'))
      }
      for (const from of reached) {
        let state = from
        for (const back of allStates(state, targetOf(plan, -1), 'back')) {
          expectAsPromised(back, targetOf(plan, -1), capacityOf(before))
          state = back
        }
        expect(state).toEqual(before)
      }
    }))

  test('creates no capacity on the way back while the old release still has its own, and has nothing left to do after it', () =>
    always((plan, before) => {
      const baseline = targetOf(plan, -1)
      let from = before
      for (const index of plan.stages.keys()) {
        for (const state of allStates(from, targetOf(plan, index), 'forward')) {
          from = state
          const sizeIn = ({ fleets }: ServiceSnapshot, fleet: string): number =>
            fleets.find((each) => each.name === fleet)?.desiredCapacity ?? 0
          const sizeOf = (fleet: string): number => sizeIn(state, fleet)
          if (sizeOf('orders') < capacityOf(before)) continue
          for (const action of order(state, baseline, 'back')) {
            expect(action.kind).not.toBe('create-fleet')
            if (action.kind === 'set-capacity')
              // What the other one of a pair had is given back to it.
              expect(action.target.desiredCapacity).toBeLessThanOrEqual(
                Math.max(sizeOf(action.fleet), before.pair ? sizeIn(before, action.fleet) : 0),
              )
          }
        }
      }
      const restored = allStates(from, baseline, 'back').at(-1) ?? from
      expect(order(restored, baseline, 'back')).toEqual([])
    }))

  test('gives bounds and processes back as they were, also where it promotes', () =>
    always((plan, before) => {
      const [old] = before.fleets
      const { fleets, traffic } = targetOf(plan, plan.stages.length - 1)
      const serving = Object.keys(traffic.shares).find((fleet) => (traffic.shares[fleet] ?? 0) > 0) ?? ''
      expect(fleets[serving]).toMatchObject({
        desiredCapacity: old?.desiredCapacity,
        minSize: old?.minSize,
        maxSize: old?.maxSize,
        suspendedProcesses: old?.suspendedProcesses,
      })
      expect(traffic.route).toBeUndefined()
      expect(traffic.test).toBeUndefined()
    }))

  test('ends: every gate has a time, and every action a deadline', () =>
    always((plan, before) => {
      // As many stages as there are instances, or percent, and a few.
      expect(plan.stages.length).toBeLessThanOrEqual(Math.max(100, capacityOf(before)) + 3)
      let from = before
      for (const [index, { gate }] of plan.stages.entries()) {
        for (const time of [gate.bake, gate.extend]) expect(Number.isFinite(time) && time >= 0).toBe(true)
        const target = targetOf(plan, index)
        for (const { kind } of order(from, target, 'forward'))
          expect(ACTION_DEADLINE[kind]).toBeGreaterThan(0)
        from = allStates(from, target, 'forward').at(-1) ?? from
      }
    }))

  test('names launch template versions by their number, never by what is newest', () =>
    always((plan) => {
      for (const stage of [plan.baseline, ...plan.stages]) {
        for (const { mix, former } of Object.values(stage.targets[SCOPE]?.fleets ?? {})) {
          if (mix) expect(mix.replaces).toMatch(/^\d+$/)
          if (former?.by === 'refresh') expect(former.launchTemplateVersion).toMatch(/^\d+$/)
        }
      }
    }))

  test('destroys nothing of the old release before the last bake has passed', () =>
    always((plan, before) => {
      const old = before.fleets[0]
      for (const index of plan.stages.slice(0, -1).keys()) {
        const { fleets, downtime } = targetOf(plan, index)
        const kept = downtime ? 0 : old?.desiredCapacity
        expect(fleets[old?.name ?? '']).toMatchObject({ desiredCapacity: kept, minSize: kept })
      }
      expect(plan.baseline.targets[SCOPE]?.fleets[old?.name ?? '']).toMatchObject({ minSize: old?.minSize })
    }))

  test('takes the service down only if it is recreate, and then says so of the way there and of the way back', () =>
    always((plan) => {
      const announced = [plan.baseline, ...plan.stages].filter((stage) => stage.targets[SCOPE]?.downtime)
      expect(announced.map((stage) => stage.name)).toEqual(
        name === 'recreate' ? ['baseline', 'recreate'] : [],
      )
      for (const stage of announced) expect(stage.targets[SCOPE]?.downtime).toEqual({ drain: 60_000 })
    }))
})
