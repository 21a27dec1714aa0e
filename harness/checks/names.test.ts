import { expect, test } from 'vitest'
import { checks, nameOf } from './index.ts'
import { CHECK_NAMES, hyphenated } from './names.ts'

test('every check has its name for configs, and no other has one', () => {
  expect(Object.keys(checks).map(hyphenated).sort()).toEqual([...CHECK_NAMES].sort())
  expect(nameOf(checks.zoneBalance)).toBe('zone-balance')
  expect(nameOf(async () => [])).toBeUndefined()
})
