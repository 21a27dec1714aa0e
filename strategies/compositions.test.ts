import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allStates, expectSafe, service } from '#harness/converge/model-service'
import type { Part, Plan, ServiceSnapshot, Stage } from '#harness/strategy'
import { halves } from './compose.ts'
import { compositionNamed, strategyNamed } from './index.ts'

/** Strategies that keep the old fleet until they clear it away. */
const BY = ['canary', 'linear', 'blue-green', 'immutable', 'all-at-once', 'rolling-fleets'] as const
const REGIONS = ['eu-west-1', 'us-east-1', 'us-west-2', 'ap-south-1', 'sa-east-1'] as const
const SERVICES = ['web', 'orders', 'payments', 'stock', 'mail'] as const

interface World {
  readonly part: Part
  readonly before: ServiceSnapshot
}

function worldAt(
  name: string,
  region: string,
  by: (typeof BY)[number],
  capacity: number,
  after: string[],
): World {
  const before = { ...service(capacity, 1), scope: `${name}@${region}`, service: name, region }
  const strategy = strategyNamed(by)
  const plan = strategy.draw(strategy.options.parse({}))(before, { version: '2.0.0' })
  return { before, part: { scope: before.scope, service: name, region, after, plan } }
}

const parts = (worlds: readonly World[]): readonly Part[] => worlds.map(({ part }) => part)

const composition = (name: string, options: object): ((parts: readonly Part[]) => Plan) => {
  const found = compositionNamed(name)
  if (!found) throw new Error(`no composition ${name}`)
  return found.compose(found.options.parse(options))
}

/** Regions in random waves, each with a service of its own size. */
const WAVES = fc
  .record({
    regions: fc.shuffledSubarray([...REGIONS], { minLength: 1 }),
    cuts: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 5, maxLength: 5 }),
    by: fc.constantFrom(...BY),
    sizes: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 5, maxLength: 5 }),
    earlier: fc.constantFrom('revert' as const, 'keep' as const),
  })
  .map(({ regions, cuts, by, sizes, earlier }) => {
    const waves: string[][] = []
    for (let left = regions; left.length > 0; left = left.slice(waves.at(-1)?.length ?? 1))
      waves.push(left.slice(0, cuts[waves.length] ?? 1))
    const worlds = regions.map((region, at) => worldAt('orders', region, by, sizes[at] ?? 1, []))
    return { waves, worlds, earlier, plan: composition('waves', { waves, earlier })(parts(worlds)) }
  })

/** Services, each of which may ask those before it. */
const SYSTEMS = fc
  .record({
    names: fc.shuffledSubarray([...SERVICES], { minLength: 1 }),
    asks: fc.array(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), { minLength: 5, maxLength: 5 }),
    bys: fc.array(fc.constantFrom(...BY), { minLength: 5, maxLength: 5 }),
    sizes: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 5, maxLength: 5 }),
    order: fc.constantFrom('dependencies' as const, 'together' as const),
  })
  .map(({ names, asks, bys, sizes, order }) => {
    const worlds = names.map((name, at) =>
      worldAt(
        name,
        'us-east-1',
        bys[at] ?? 'canary',
        sizes[at] ?? 1,
        names.slice(0, at).filter((_, other) => asks[at]?.[other]),
      ),
    )
    return { worlds, order, plan: composition('system', { order })(parts(worlds)) }
  })

const always = <Value>(arbitrary: fc.Arbitrary<Value>, property: (value: Value) => void): void =>
  fc.assert(fc.property(arbitrary, property), { numRuns: 60 })

const naming = (plan: Plan, scope: string): { readonly stage: Stage; readonly index: number }[] =>
  plan.stages.flatMap((stage, index) => (stage.targets[scope] ? [{ stage, index }] : []))

const lastIndexOfShift = (plan: Plan, part: Part): number => {
  const last = halves(part).shifting.at(-1)?.targets[part.scope]
  return plan.stages.findIndex(({ targets }) => JSON.stringify(targets[part.scope]) === JSON.stringify(last))
}

/** Every part is led where its own plan leads, by its own stages in their order, safely; and back. */
function expectOwnWays(plan: Plan, worlds: readonly World[]): void {
  for (const { part, before } of worlds) {
    const own = part.plan.stages.map(({ targets }) => targets[part.scope])
    const led = naming(plan, part.scope).map(({ stage }) => stage.targets[part.scope])
    expect(led.filter((target, at) => target !== led[at - 1])).toEqual(own)
    let state = before
    const capacity = before.fleets[0]?.desiredCapacity ?? 0
    for (const target of led) {
      if (!target) continue
      for (const reached of allStates(state, target, 'forward')) {
        expectSafe(reached, capacity)
        state = reached
      }
    }
    const baseline = plan.baseline.targets[part.scope]
    expect(baseline).toEqual(part.plan.baseline.targets[part.scope])
  }
}

const expectNamedApart = ({ stages }: Plan): void =>
  expect(new Set(stages.map(({ name }) => name)).size).toBe(stages.length)

/** Each scope of a stage is held to something of its own, or all to the same. */
function expectEveryGate({ stages }: Plan): void {
  for (const { targets, gates } of stages)
    if (gates) expect(Object.keys(gates).sort()).toEqual(Object.keys(targets).sort())
}

describe('waves', () => {
  test('lead every region where its own plan leads', () =>
    always(WAVES, ({ plan, worlds }) => {
      expectOwnWays(plan, worlds)
      expectNamedApart(plan)
      expectEveryGate(plan)
    }))

  test('touch no region before those of the wave before have been watched with all their traffic', () =>
    always(WAVES, ({ plan, waves, worlds }) => {
      for (const [at, wave] of waves.entries()) {
        if (at === 0) continue
        const first = Math.min(
          ...wave.map((region) => naming(plan, `orders@${region}`)[0]?.index ?? Number.NaN),
        )
        for (const { part } of worlds.filter(({ part }) => waves[at - 1]?.includes(part.region))) {
          const arrived = lastIndexOfShift(plan, part)
          const watched = plan.stages
            .slice(arrived + 1, first)
            .filter(({ targets, gate }) => targets[part.scope] && gate.bake > 0)
          expect(first).toBeGreaterThan(arrived)
          expect(watched.length).toBeGreaterThanOrEqual(1)
        }
      }
    }))

  test('keep every old fleet until the last region is proven, where all of them go back', () =>
    always(WAVES, ({ plan, worlds, earlier }) => {
      if (earlier !== 'revert') return
      const proven = Math.max(...worlds.map(({ part }) => lastIndexOfShift(plan, part)))
      for (const { part, before } of worlds) {
        const [old] = before.fleets
        for (const { stage, index } of naming(plan, part.scope)) {
          if (index > proven || part.plan.strategy === 'rolling-fleets') continue
          expect(stage.targets[part.scope]?.fleets[old?.name ?? '']?.desiredCapacity).toBe(
            old?.desiredCapacity,
          )
        }
      }
      expect(plan.stages.every(({ settles }) => settles === undefined)).toBe(true)
    }))

  test('settle a region only with its last stage, where earlier waves keep the release', () =>
    always(WAVES, ({ plan, worlds, earlier }) => {
      if (earlier !== 'keep') return
      for (const { part } of worlds) {
        const settling = plan.stages.findIndex(({ settles }) => settles?.includes(part.scope))
        expect(settling).toBe(naming(plan, part.scope).at(-1)?.index)
      }
    }))

  test('go back with the wave under way first', () =>
    always(WAVES, ({ plan, waves }) => {
      expect(plan.back).toEqual(waves.toReversed().map((wave) => wave.map((region) => `orders@${region}`)))
    }))
})

describe('a system', () => {
  test('leads every service where its own plan leads', () =>
    always(SYSTEMS, ({ plan, worlds }) => {
      expectOwnWays(plan, worlds)
      expectNamedApart(plan)
      expectEveryGate(plan)
    }))

  test('begins with a service only when those that it asks have all their traffic on the new release', () =>
    always(SYSTEMS, ({ plan, worlds, order }) => {
      if (order !== 'dependencies') return
      for (const { part } of worlds) {
        const first = naming(plan, part.scope)[0]?.index ?? -1
        for (const asked of worlds.filter((other) => part.after.includes(other.part.service)))
          expect(lastIndexOfShift(plan, asked.part)).toBeLessThan(first)
      }
    }))

  test('clears nothing away before the last service is proven', () =>
    always(SYSTEMS, ({ plan, worlds }) => {
      const proven = Math.max(...worlds.map(({ part }) => lastIndexOfShift(plan, part)))
      for (const { part } of worlds) {
        const cleared = naming(plan, part.scope).slice(-halves(part).clearing.length)
        for (const { index } of cleared) expect(index).toBeGreaterThan(proven)
      }
    }))

  test('goes back with every service once, dependants before those they ask', () =>
    always(SYSTEMS, ({ plan, worlds }) => {
      const back = plan.back ?? []
      expect([...back.flat()].sort()).toEqual(worlds.map(({ part }) => part.scope).sort())
      const groupOf = (name: string): number => back.findIndex((group) => group.includes(`${name}@us-east-1`))
      for (const { part } of worlds)
        for (const asked of part.after) expect(groupOf(part.service)).toBeLessThan(groupOf(asked))
    }))
})
