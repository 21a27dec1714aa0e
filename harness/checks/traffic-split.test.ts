import { expect, test } from 'vitest'
import { judgeSplit } from './traffic-split.ts'

const judge = (
  shares: Record<string, number>,
  answered: Record<string, number>,
  lost = 0,
): readonly string[] =>
  judgeSplit('orders', new Map(Object.entries(shares)), new Map(Object.entries(answered)), lost).map(
    ({ severity }) => severity,
  )

test('a split that chance explains is fine', () => {
  expect(judge({ '1.0.0': 0.95, '2.0.0': 0.05 }, { '1.0.0': 950, '2.0.0': 50 })).toEqual([])
  expect(judge({ '1.0.0': 0.95, '2.0.0': 0.05 }, { '1.0.0': 962, '2.0.0': 38 })).toEqual([])
})

test('a split that chance hardly explains is doubted, one that it cannot explain is wrong', () => {
  expect(judge({ '1.0.0': 0.95, '2.0.0': 0.05 }, { '1.0.0': 972, '2.0.0': 28 })).toEqual([
    'unknown',
    'unknown',
  ])
  expect(judge({ '1.0.0': 0.95, '2.0.0': 0.05 }, { '1.0.0': 500, '2.0.0': 500 })).toEqual(['wrong', 'wrong'])
})

test('a share of 0 gets nothing at all', () => {
  expect(judge({ '1.0.0': 0, '2.0.0': 1 }, { '2.0.0': 1_000 })).toEqual([])
  expect(judge({ '1.0.0': 0, '2.0.0': 1 }, { '1.0.0': 1, '2.0.0': 999 })).toContain('wrong')
})

test('a version that answers none of many requests is wrong, unless what was lost may have been meant for it', () => {
  expect(judge({ '1.0.0': 0.5, '2.0.0': 0.5 }, { '1.0.0': 100 })).toContain('wrong')
  expect(judge({ '1.0.0': 0.5, '2.0.0': 0.5 }, { '1.0.0': 100 }, 100)).toEqual([])
})

test('nothing seen is nothing to doubt', () => {
  expect(judge({ '1.0.0': 0.5, '2.0.0': 0.5 }, {})).toEqual([])
})
