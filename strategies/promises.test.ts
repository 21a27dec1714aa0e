import { describe, expect, test } from 'vitest'
import { CASES, holds } from '#harness/cli/model-worlds'
import type { Action } from '#harness/converge/action'
import { isDetached } from '#harness/converge/attachment'
import {
  allStates,
  apply,
  SCOPE,
  service,
  serviceByRegistration,
  targetOf,
} from '#harness/converge/model-service'
import { order } from '#harness/converge/order'
import { mixesOf, sharesByVersion } from '#harness/mix'
import type { FleetSnapshot, Plan, ServiceSnapshot } from '#harness/strategy'

/** What is done, and what the service is before: on the way forward, and on the way back from each of its states. */
interface Done {
  readonly action: Action
  readonly before: ServiceSnapshot
  readonly way: 'forward' | 'back'
}

/** As converging goes: look, do what is missing, look again. */
function* converging(
  from: ServiceSnapshot,
  target: ReturnType<typeof targetOf>,
  way: Done['way'],
): Generator<Done, ServiceSnapshot> {
  let state = from
  for (let pass = 0; pass < 4; pass++) {
    for (const action of order(state, target, way)) {
      yield { action, before: state, way }
      state = apply(state, action)
    }
  }
  return state
}

/** Everything that a plan may do to a service. */
function* doneBy(plan: Plan, before: ServiceSnapshot): Generator<Done> {
  let state = before
  for (const index of plan.stages.keys()) {
    const forward = converging(state, targetOf(plan, index), 'forward')
    for (let step = forward.next(); ; step = forward.next()) {
      if (step.done) {
        state = step.value
        break
      }
      yield step.value
    }
    yield* converging(state, targetOf(plan, -1), 'back')
  }
}

/** The new release's share of the traffic, of 1. */
function shareOf({ fleets, shares }: ServiceSnapshot, release: string): number {
  const releaseOf = (name: string): string => fleets.find((fleet) => fleet.name === name)?.release ?? name
  return sharesByVersion(shares, releaseOf)[release] ?? 0
}

describe.each(CASES)('whatever becomes of a service $kind, $name', ({ name, kind }) => {
  const always = (property: Parameters<typeof holds>[2]): void => holds(name, kind, property)

  test('sends no weights but whole ones up to 999, one of them above 0, of five groups at most', () =>
    always((plan, before) => {
      for (const { action } of doneBy(plan, before)) {
        if (action.kind !== 'set-weights') continue
        const weights = Object.values(action.shares)
        expect(weights.length).toBeLessThanOrEqual(5)
        expect(weights.every((each) => Number.isInteger(each) && each >= 0 && each <= 999)).toBe(true)
        expect(weights.some((each) => each > 0)).toBe(true)
      }
    }))

  test('gives the new release more only by the shift of a stage, and never more on the way back', () =>
    always((plan, before) => {
      for (const { action, before: state, way } of doneBy(plan, before)) {
        if (action.kind !== 'set-weights') continue
        const [was, is] = [shareOf(state, plan.to), shareOf(apply(state, action), plan.to)]
        if (way === 'back' || action.reason !== 'shift') expect(is).toBeLessThanOrEqual(was + 1e-9)
        else expect(is).toBeGreaterThanOrEqual(was - 1e-9)
      }
    }))

  test('has no stage that gives the new release more with an empty gate before it', () =>
    always((plan) => {
      for (const [index, stage] of plan.stages.entries()) {
        expect(stage.gate.suites).toBe(index === plan.stages.length - 1 ? 'post-deploy' : 'shift')
      }
    }))

  test('sees every difference between a service and its stage, and does something about it', () =>
    always((plan, before) => {
      let state = before
      for (const index of plan.stages.keys()) {
        const target = targetOf(plan, index)
        state = allStates(state, target, 'forward').at(-1) ?? state
        expect(order(state, target, 'forward')).toEqual([])
        for (const [what, other] of differences(state, plan)) {
          expect(order(other, target, 'forward'), what).not.toEqual([])
        }
      }
    }))

  test('cut off after any call and taken up again, ends where it would have ended, with nothing made twice', () =>
    always((plan, before) => {
      let from = before
      for (const index of plan.stages.keys()) {
        const target = targetOf(plan, index)
        const passed = allStates(from, target, 'forward')
        const end = passed.at(-1) ?? from
        for (const cut of sample(passed)) {
          const resumed = allStates(cut, target, 'forward').at(-1) ?? cut
          expect(resumed).toEqual(end)
          const names = resumed.fleets.map((fleet) => fleet.name)
          expect(new Set(names).size).toBe(names.length)
        }
        from = end
      }
    }))

  test('has groups launch from numbers, of the release or as they were found', () =>
    always((plan, before) => {
      const found = new Map(before.fleets.map((fleet) => [fleet.name, fleet.launchTemplate.version]))
      for (const { action, way } of doneBy(plan, before)) {
        if (action.kind === 'refresh') expect(action.mix.replaces).toMatch(/^\d+$/)
        if (action.kind !== 'set-template' || action.template === 'release') continue
        if (way === 'back') expect(action.template.version).toBe(found.get(action.fleet))
        else expect(action.template.version).toMatch(/^\d+$/)
      }
    }))

  test('shrinks no fleet that is detached before its last target has let go of every request', () =>
    always((plan, before) => {
      for (const { action, before: state } of doneBy(plan, before)) {
        if (action.kind !== 'set-capacity' || action.reason !== 'down') continue
        if (!isDetached(state, action.fleet)) continue
        expect(state.fleets.find(({ name }) => name === action.fleet)?.targets).toBe(0)
      }
    }))

  test('creates and removes nothing of a pair', () =>
    always((plan, before) => {
      if (!before.pair) return
      for (const { action } of doneBy(plan, before)) {
        expect(['create-fleet', 'remove-fleet', 'clear-remains', 'set-roles']).not.toContain(action.kind)
      }
      for (const stage of plan.stages) {
        const names = Object.keys(stage.targets[SCOPE]?.fleets ?? {})
        expect(names.sort()).toEqual(before.fleets.map((fleet) => fleet.name).sort())
      }
    }))

  test('leaves no fleet held when it is done: sizes and processes are those of the one that served', () =>
    always((plan, before) => {
      const last = targetOf(plan, plan.stages.length - 1)
      const own = new Set(before.fleets.flatMap((fleet) => fleet.suspendedProcesses))
      for (const goal of Object.values(last.fleets))
        expect(goal.suspendedProcesses.every((process) => own.has(process))).toBe(true)
      expect(mixesOf(last)).toBeUndefined()
    }))
})

/** The service with one thing other than it was left, for each that a stage speaks of. */
function differences(state: ServiceSnapshot, plan: Plan): (readonly [string, ServiceSnapshot])[] {
  type Change = Partial<Pick<FleetSnapshot, 'desiredCapacity' | 'maxSize' | 'minSize' | 'suspendedProcesses'>>
  const withFleet = (at: number, change: Change): ServiceSnapshot => ({
    ...state,
    fleets: state.fleets.map((fleet, i) => (i === at ? { ...fleet, ...change } : fleet)),
  })
  const ofFleets = state.fleets.flatMap(
    ({ name, desiredCapacity, maxSize, minSize, suspendedProcesses }, at) => {
      if (!Object.values(plan.stages).some((stage) => stage.targets[SCOPE]?.fleets[name])) return []
      return [
        [`${name}: desired`, withFleet(at, { desiredCapacity: desiredCapacity + 1 })],
        [`${name}: maximum`, withFleet(at, { maxSize: maxSize + 1 })],
        [`${name}: minimum`, withFleet(at, { minSize: minSize + 1 })],
        [`${name}: processes`, withFleet(at, { suspendedProcesses: [...suspendedProcesses, 'Launch'] })],
      ] as const
    },
  )
  const [first = ''] = Object.keys(state.shares)
  return [
    ...ofFleets,
    ['a weight', { ...state, shares: { ...state.shares, [first]: (state.shares[first] ?? 0) + 1 } }],
    ['another group in the listener', { ...state, shares: { ...state.shares, 'arn:other': 0 } }],
    [
      'a rule',
      { ...state, routes: [...(state.routes ?? []), { ruleArn: 'arn:stray', conditions: 'x-stray: 1' }] },
    ],
    [
      'a test listener',
      {
        ...state,
        listeners: [
          ...(state.listeners ?? []),
          { listenerArn: 'arn:stray', port: 9_999, owned: true, to: 'orders' },
        ],
      },
    ],
  ]
}

/** A few of many, the first and the last included. */
const sample = <Each>(all: readonly Each[], few = 12): readonly Each[] =>
  all.filter((_, at) => all.length <= few || at % Math.ceil(all.length / few) === 0 || at === all.length - 1)

test('a service whose listener has no room for another group is refused', async () => {
  const { canaryStrategy } = await import('./canary.ts')
  const full = service(4, 100)
  const others = Object.fromEntries(Array.from({ length: 4 }, (_, at) => [`arn:other/${at}`, 0]))
  const crowded = { ...full, shares: { ...full.shares, ...others } }
  expect(() => canaryStrategy.draw({ steps: [100], bake: 1_000 })(crowded, { version: '2.0.0' })).toThrow(
    /forwards to 5 target groups already/,
  )
})

test('by registration, what stands in the way is refused', async () => {
  const { blueGreenStrategy } = await import('./blue-green.ts')
  const draw = (options: object, processes: string[] = []) =>
    blueGreenStrategy.draw({ bake: 1_000, extend: 1_000, keep: undefined, test: undefined, ...options })(
      serviceByRegistration(4, processes),
      { version: '2.0.0' },
    )
  for (const way of [{ header: { 'x-test': 'green' } }, { listener: 8080 }])
    expect(() => draw({ test: way })).toThrow(/cannot test a fleet this way: a fleet that is not registered/)
  expect(() => draw({}, ['AddToLoadBalancer'])).toThrow(/its process AddToLoadBalancer is suspended/)
})
