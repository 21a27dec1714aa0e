import { expect, test } from 'vitest'
import { rollingStrategy } from '#strategies/rolling'
import { service, targetOf } from './converge/model-service.ts'
import { mixesOf, sharesByVersion } from './mix.ts'

const plan = (capacity: number, batch: number | string) =>
  rollingStrategy.draw(rollingStrategy.options.parse({ batch }))(service(capacity, 1), { version: '2.0.0' })

test('a fleet that runs two releases splits its traffic by their instances', () => {
  const target = targetOf(plan(3, 1), 0)
  const mixes = mixesOf(target)
  expect(mixes).toEqual({ orders: { '1.0.0': 1 - 1 / 3, '2.0.0': 1 / 3 } })
  const shares = sharesByVersion({ orders: 50, other: 50 }, () => '1.0.0', mixes)
  expect(shares['1.0.0']).toBeCloseTo(5 / 6)
  expect(shares['2.0.0']).toBeCloseTo(1 / 6)
})

test('a fleet that runs one release, old or new, is no mix', () => {
  const drawn = plan(3, 1)
  expect(mixesOf(targetOf(drawn, -1))).toBeUndefined()
  expect(mixesOf(targetOf(drawn, drawn.stages.length - 1))).toBeUndefined()
})

test('batches of a large group are whole percentages, and none is asked for twice', () => {
  expect(plan(250, 1).stages).toHaveLength(101)
  expect(plan(4, '25%').stages.map(({ name }) => name)).toEqual([
    'rolling 1 of 4',
    'rolling 2 of 4',
    'rolling 3 of 4',
    'rolling 4 of 4',
    'give bounds back',
  ])
})

test('there is room for a batch on the way there, and for all of it on the way back, within what AWS takes', () => {
  const bounds = (batch: number, options: object = {}) => {
    const parsed = rollingStrategy.options.parse({ batch, ...options })
    const drawn = rollingStrategy.draw(parsed)(service(4, 1), { version: '2.0.0' })
    return [0, -1].map((stage) => targetOf(drawn, stage).fleets['orders']?.mix?.maxHealthy)
  }
  expect(bounds(1)).toEqual([125, 200])
  expect(bounds(9)).toEqual([200, 200])
  expect(bounds(1, { minHealthy: 50 })).toEqual([125, 150])
  expect(bounds(1, { maxHealthy: 110 })).toEqual([110, 110])
  expect(rollingStrategy.options.safeParse({ minHealthy: 20, maxHealthy: 150 }).success).toBe(false)
})
