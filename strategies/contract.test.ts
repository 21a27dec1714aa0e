import { describe, expect, test } from 'vitest'
import { CASES, capacityOf, draw, holds, KINDS } from '#harness/cli/model-worlds'
import { ACTION_DEADLINE } from '#harness/converge/context'
import { allStates, expectAsPromised, expectSafe, SCOPE, targetOf } from '#harness/converge/model-service'
import { order } from '#harness/converge/order'
import { mixesOf, sharesByVersion } from '#harness/mix'
import { hashPlan } from '#harness/plan'
import type { Plan, ServiceSnapshot } from '#harness/strategy'

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
