import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { checks } from '../../checks/index.ts'
import type { SuiteContext } from '../../gate.ts'
import type { FleetSnapshot, ServiceSnapshot } from '../../strategy.ts'
import { SUITES } from './tests.ts'

const ROOT = resolve(import.meta.dirname, '../../../suites')
const PHASES = ['pre-deploy', 'shift', 'post-deploy'] as const

const fleet = { name: 'shop', role: 'stable', release: '1', launchTemplate: { id: 'lt-1', version: '1' } }
const service = {
  scope: 'shop@us-east-1',
  fleets: [fleet],
  shares: { shop: 100 },
} as unknown as ServiceSnapshot

/** Contexts in which every test of the suites is there once at least. */
const contexts = (phase: (typeof PHASES)[number]): SuiteContext[] => {
  const base = {
    cloud: { kind: 'embedded' },
    service: { url: '/' },
    phase,
    release: { version: '2', imageId: 'ami-1', launchTemplateVersion: 2 },
    baseline: { version: '1' },
    thresholds: { errorRate: { ceiling: 0.02, alpha: 0.01 }, alarms: ['an alarm'] },
    before: { ...service, fleets: [fleet as unknown as FleetSnapshot] },
    look: 'opening',
    traffic: { counts: [] },
    stage: { index: 0, name: 'first', shares: {}, mixes: { shop: {} }, test: { listener: 8_080 } },
    clients: [{ header: { 'x-group': 'beta' } }],
  }
  const { before: _, stage: __, traffic: ___, ...alone } = base
  return [base, alone] as unknown as SuiteContext[]
}

/** Of a suite as it is written: the titles of its tests, and the checks and matchers it uses. */
function written(text: string): { readonly titles: string[]; readonly used: string[] } {
  const quoted = [...text.matchAll(/\btest\(\s*(?:'([^']+)'|`([^`]+)`)/g)]
  const titles = quoted.map(([, plain, filled]) => plain ?? filled ?? '')
  const used = [...text.matchAll(/\bchecks\.(\w+)|\.(to[A-Z]\w+)\(/g)].map(
    ([, check, matcher]) => check ?? matcher ?? '',
  )
  return { titles, used: used.filter((name) => name !== 'toPass') }
}

/** Whether a title is one that is written, with values in it or without. */
function fits(title: string, written: string): boolean {
  const [start = '', ...rest] = written.split(/\$\{[^}]*\}/)
  return rest.length === 0 ? title === start : title.startsWith(start) && title.endsWith(rest.at(-1) ?? '')
}

/** Which check stands behind a matcher. */
const MATCHERS: Readonly<Record<string, keyof typeof checks>> = Object.fromEntries(
  [
    ...readFileSync(join(import.meta.dirname, '../../test/matchers.ts'), 'utf8').matchAll(
      /^ {2}(to\w+)\((?:(?!^ {2}\}).)*?checks\.(\w+)/gms,
    ),
  ].map(([, matcher, check]) => [matcher, check]),
)

for (const phase of PHASES) {
  test(`what is simulated of ${phase} are the tests of its suites, with the checks that these make`, () => {
    const files = readdirSync(join(ROOT, phase)).filter((file) => file.endsWith('.suite.ts'))
    expect(Object.keys(SUITES[phase]).sort()).toEqual(files.sort())
    for (const file of files) {
      const { titles, used } = written(readFileSync(join(ROOT, phase, file), 'utf8'))
      const drawn = contexts(phase).flatMap((context) =>
        Object.entries(SUITES[phase][file]?.(context, service) ?? {}),
      )
      const known = (title: string): string => titles.find((each) => fits(title, each)) ?? title
      expect([...new Set(drawn.map(([title]) => known(title)))].sort()).toEqual(titles.sort())
      const made = new Set(drawn.flatMap(([, { looks }]) => looks.map(({ check }) => check)))
      const meant = new Set(used.map((name) => checks[MATCHERS[name] ?? (name as keyof typeof checks)]))
      expect([...made].map(({ name }) => name).sort()).toEqual([...meant].map((check) => check?.name).sort())
    }
  })
}
