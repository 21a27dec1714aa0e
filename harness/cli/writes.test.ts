import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deployIn, harmedIn, only } from './deploy-process.ts'

const PATIENT = { timeout: 90_000 }

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sluice-writes-'))
  // Begins to lose when the suites that look at the gate's beginning are through.
  const losing = (kind: string) => ({
    version: '1.2.0',
    userData: { version: '1.2.0', defects: [{ kind, after: '5m' }] },
  })
  const config = {
    cloud: { kind: 'embedded', timeScale: 100, settle: 'fast' },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: {
      old: { version: '1.0.0' },
      new: { version: '1.1.0' },
      drops: losing('drop-writes'),
      corrupts: losing('corrupt-writes'),
    },
    baseline: 'old',
    release: 'new',
    strategy: { name: 'canary', options: { steps: [50, 100], bake: '2m', extend: '4m' } },
    gates: { minRequests: 50, latency: { p99: '5s' } },
  }
  const patient = { name: 'canary', options: { steps: [50, 100], bake: '15m', extend: '4m' } }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
  const slow = { ...config, strategy: patient }
  writeFileSync(join(project, 'slow.config.mjs'), `export default ${JSON.stringify(slow)}\n`)
})
afterEach(() => rmSync(project, { recursive: true }))

test('at the end everything that was acknowledged is read back, and reported', PATIENT, async () => {
  const { code, events, err } = await deployIn(project, [])
  expect(code, err).toBe(0)
  const [report] = only(events, 'writes-read-back')
  expect(report).toMatchObject({ lost: 0, unread: 0, losses: [] })
  expect(report?.written).toBeGreaterThan(5)
  expect(report?.read).toBe(report?.written)
  expect(harmedIn(events)).toBe(0)
  expect(err).toMatch(/Writes +\d+ acknowledged: \d+ read back as written, 0 lost/)
})

test.each([
  ['drops', /^\d+ acknowledged writes? (was|were) lost: \S+, acknowledged by 1\.2\.0, was gone when 1\./],
  [
    'corrupts',
    /^\d+ acknowledged writes? (was|were) lost: \S+, acknowledged by 1\.2\.0, was changed when 1\./,
  ],
])(
  'a release that %s what it acknowledged is turned back by what was read, and it is said what is lost',
  PATIENT,
  async (release, sentence) => {
    const { code, events, err } = await deployIn(project, [
      '--config',
      'slow.config.mjs',
      '--release',
      release,
    ])
    expect(code, err).toBe(3)
    const gate = only(events, 'gate-ended').at(-1)
    const evidence = gate?.verdict.evidence.find(({ metric }) => metric === 'acknowledged writes')
    expect(evidence).toMatchObject({ status: 'failed', sentence: expect.stringMatching(sentence) })
    expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', exitCode: 3 }])
    const [report] = only(events, 'writes-read-back')
    expect(report?.lost).toBeGreaterThan(0)
    expect(report?.losses.length).toBeGreaterThan(0)
    expect(report?.written).toBe((report?.read ?? 0) + (report?.lost ?? 0))
  },
)
