import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHECK_NAMES } from './names.ts'

const read = (...path: string[]): string => readFileSync(join(import.meta.dirname, ...path), 'utf8')

interface Row {
  readonly check: string
  readonly suites: readonly string[]
  /** The test in which it fails: the file's name, and the title. */
  readonly file: string
  readonly title: string
}

const rows = read('CATALOGUE.md')
  .split('\n')
  .flatMap((line): readonly Row[] => {
    const [, , check = '', suites = '', failing = ''] = line.split('|').map((cell) => cell.trim())
    const [, file, title] = /^([a-z-]+): (.+)$/.exec(failing) ?? []
    if (file === undefined || title === undefined) return []
    return [{ check: check.replaceAll('`', ''), suites: suites.split(', '), file, title }]
  })

const camel = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

test('the catalogue has every check, and no other', () => {
  expect([...new Set(rows.map(({ check }) => check))].sort()).toEqual([...CHECK_NAMES].sort())
})

test.each(rows)('$check is seen failing by the test that the catalogue names', ({ check, file, title }) => {
  const source = read(`${file}.test.ts`)
  expect(source).toContain(`'${title}'`)
  expect(source).toContain(camel(check))
})

/** The matchers that are thin over each check, by its name in the code. */
const matchers = new Map(
  read('..', 'test', 'matchers.ts')
    .split(/^ {2}(?=to[A-Z]\w+\()/m)
    .slice(1)
    .map((method) => [/checks\.(\w+)/.exec(method)?.[1], /^\w+/.exec(method)?.[0] ?? '']),
)

test.each(rows)('$check is asked by the suites that the catalogue names', ({ check, suites }) => {
  const asking =
    matchers.get(camel(check)) ?? (suites.join() === 'resilience/healing' ? 'toHealFrom' : undefined)
  for (const suite of suites) {
    const source = read('..', '..', 'suites', `${suite}.suite.ts`)
    const asked = [`checks.${camel(check)}`, asking].some(
      (name) => name !== undefined && source.includes(name),
    )
    expect(asked, suite).toBe(true)
  }
})
