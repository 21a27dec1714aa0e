import { expect, test } from 'vitest'
import { strategyNamed } from '#strategies/index'
import { service, serviceByDns } from './converge/model-service.ts'
import { estimate } from './estimate.ts'
import type { ServiceSnapshot } from './strategy.ts'

const MINUTE = 60_000

const drawn = (strategy: string, given: object = {}) => {
  const before = service(4, 100)
  const { options, draw } = strategyNamed(strategy)
  const plan = draw(options.parse(given))(before, { version: '2.0.0' })
  return estimate(plan, [before])
}

test('a stage takes its bake, and a boot where its fleet grows, and a drain where one goes', () => {
  const stages = drawn('canary', { steps: [50, 100], bake: '5m' })
  expect(stages).toMatchObject([
    { name: 'canary 50%', bake: 5 * MINUTE, boots: 1.5 * MINUTE, drains: 0 },
    { name: 'canary 100%', bake: 5 * MINUTE, boots: 1.5 * MINUTE, drains: 0 },
    // 60 s of deregistration delay, and the termination.
    { name: 'retire old', bake: 0, boots: 0, drains: 1.5 * MINUTE },
  ])
})

test('the way back is one call while the old fleet stands, and no call where it never lost traffic', () => {
  const back = (strategy: string) => drawn(strategy).map((stage) => stage.back)
  expect(back('canary')).toEqual([0, 0, 0, 0, 1.5 * MINUTE])
  expect(back('blue-green')).toEqual([0, 0, 1.5 * MINUTE])
})

test('by DNS records come into sync and TTLs run out, on the way there and on the way back', () => {
  const { options, draw } = strategyNamed('dns-cutover')
  const plan = (before: ServiceSnapshot) => draw(options.parse({}))(before, { version: '2.0.0' })
  const instances = serviceByDns(4, 100, 'addresses')
  expect(estimate(plan(instances), [instances])).toMatchObject([
    // The old TTL of 5 minutes is waited out before anything else.
    { name: 'new side stands', names: 6 * MINUTE, back: 0 },
    // From here on answers are kept for a minute.
    { name: 'cut over', names: 2 * MINUTE, back: 2 * MINUTE },
    // The old side is not asked for a minute; its record goes, and the TTL is 5 minutes again.
    { name: 'retire old', names: 2 * MINUTE, back: 7.5 * MINUTE },
  ])
  const balancers = serviceByDns(4, 100, 'alias')
  expect(estimate(plan(balancers), [balancers]).map(({ names }) => names)).toEqual([
    0,
    2 * MINUTE,
    // A minute without a request is counted by its load balancer.
    5 * MINUTE,
  ])
})

test('where instances are replaced in place, the way back replaces them again', () => {
  for (const { back } of drawn('rolling')) expect(back).toBeGreaterThan(MINUTE)
})
