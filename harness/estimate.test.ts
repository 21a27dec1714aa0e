import { expect, test } from 'vitest'
import { strategyNamed } from '#strategies/index'
import { service } from './converge/model-service.ts'
import { estimate } from './estimate.ts'

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

test('where instances are replaced in place, the way back replaces them again', () => {
  for (const { back } of drawn('rolling')) expect(back).toBeGreaterThan(MINUTE)
})
