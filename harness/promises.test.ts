import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

const rows = readFileSync(join(import.meta.dirname, 'PROMISES.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, number = '', file = '', title = ''] = /^\| (\d+)[^|]*\| ([\w/-]+): (.+) \|$/.exec(line) ?? []
    return title === '' ? [] : [{ number: Number(number), file, title }]
  })

test('every promise of the design has its row', () => {
  expect([...new Set(rows.map(({ number }) => number))]).toEqual(Array.from({ length: 17 }, (_, i) => i + 1))
})

test.each(rows)('promise $number is shown by a test that is there', ({ file, title }) => {
  const source = readFileSync(join(root, `${file}.test.ts`), 'utf8')
  expect(
    ["'", '`'].some((quote) => source.includes(`${quote}${title}${quote}`)),
    title,
  ).toBe(true)
})
