import { expect, test } from 'vitest'
import { containsBlock } from './address-block.ts'

test.each([
  ['0.0.0.0/0', '10.0.1.0/24', true],
  ['10.0.0.0/16', '10.0.255.0/24', true],
  ['10.0.0.0/16', '10.1.0.0/24', false],
  ['10.0.1.0/24', '10.0.0.0/16', false],
  ['10.0.1.5/32', '10.0.1.5/32', true],
  ['pl-1234', '10.0.1.5/32', false],
])('%s contains %s: %s', (outer, inner, expected) => {
  expect(containsBlock(outer, inner)).toBe(expected)
})
