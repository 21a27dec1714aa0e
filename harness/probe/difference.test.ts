import { expect, test } from 'vitest'
import { firstDifference } from './difference.ts'

test('what is read as it was written has no difference, nor has what a release added to it', () => {
  const written = { id: 'a', order: { item: 'tea', notes: ['hot', { sugar: 2 }], gift: null } }
  expect(firstDifference(written, structuredClone(written))).toBeUndefined()
  const more = { ...written, currency: 'EUR', order: { ...written.order, weight: 3 } }
  expect(firstDifference(written, more)).toBeUndefined()
  expect(firstDifference('plain text', 'plain text')).toBeUndefined()
})

test.each([
  [{ order: { item: 'tea' } }, { order: { item: 'coffee' } }, 'order.item was "tea" and is "coffee"'],
  [{ order: { item: 'tea' } }, { order: {} }, 'order.item was "tea" and is not there'],
  [{ notes: ['a', 'b'] }, { notes: ['a'] }, 'notes was ["a","b"] and is ["a"]'],
  [{ notes: ['a', 'b'] }, { notes: ['a', 'c'] }, 'notes.1 was "b" and is "c"'],
  [{ at: {} }, { at: [] }, 'at was {} and is []'],
  [{ n: 1 }, { n: '1' }, 'n was 1 and is "1"'],
  [{ n: 1 }, null, 'it was {"n":1} and is null'],
])('%j, read as %j, is told apart', (written, read, words) => {
  expect(firstDifference(written, read)).toBe(words)
})
