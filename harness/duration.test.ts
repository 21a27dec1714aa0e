import { expect, test } from 'vitest'
import { duration, formatDuration, parseDuration } from './duration.ts'

test.each([
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['1.5s', 1_500],
])('%s is %i milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '5', '5 m', 'm', '5x', '-5m', '5m!'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test('a config with a bad duration says what a good one looks like', () => {
  expect(duration.safeParse('soon').error?.issues[0]?.message).toMatch(/'5m'.*"soon"/)
  expect(duration.safeParse(-1).success).toBe(false)
})

test.each([
  [0, '0 ms'],
  [450, '450 ms'],
  [999.7, '1 s'],
  [12_340, '12.3 s'],
  [59_990, '1 m'],
  [320_000, '5 m 20 s'],
  [3_900_000, '1 h 5 m'],
])('%i ms reads %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
})
