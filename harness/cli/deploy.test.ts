import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { deployIn, expectAsBefore, harmedIn, only } from './deploy-process.ts'

const PATIENT = { timeout: 90_000 }

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sluice-deploy-'))
  const config = {
    cloud: { kind: 'embedded', timeScale: 100, settle: 'fast' },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: {
      old: { version: '1.0.0' },
      new: { version: '1.1.0' },
      errors: { version: '1.2.0', userData: { version: '1.2.0', defects: [{ kind: 'error', rate: 0.5 }] } },
    },
    baseline: 'old',
    release: 'new',
    strategy: { name: 'canary', options: { steps: [50, 100], bake: '2m', extend: '4m' } },
    // A busy machine delays the probe; how late it may be is a share of this limit.
    gates: { minRequests: 50, latency: { p99: '5s' } },
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
})
afterEach(() => rmSync(project, { recursive: true }))

test(
  'a good release is promoted without one failed request, through a passed gate of every stage',
  PATIENT,
  async () => {
    const { code, events, err } = await deployIn(project, [])
    expect(code, err).toBe(0)
    expect(only(events, 'gate-ended').map((gate) => [gate.stage, gate.verdict.status])).toEqual([
      ['before', 'passed'],
      ['canary 50%', 'passed'],
      ['canary 100%', 'passed'],
      ['retire old', 'passed'],
    ])
    expect(harmedIn(events)).toBe(0)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index))
    expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'promoted', exitCode: 0, left: [] }])
  },
)

test(
  'a bad release closes its gate: traffic back first, in one call, and the cloud as it was',
  PATIENT,
  async () => {
    const { code, events, err } = await deployIn(project, ['--release', 'errors'])
    expect(code, err).toBe(3)
    const begun = events.findIndex(({ type }) => type === 'revert-started')
    const first = events.slice(begun).find(({ type }) => type === 'action-intended')
    expect(first).toMatchObject({ kind: 'set-weights' })
    expect(only(events, 'traffic-restored')).toMatchObject([{ calls: 1 }])
    expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', exitCode: 3, left: [] }])
    expectAsBefore(events)
    expect(err).toMatch(/1\.2\.0 was turned back at canary 50%: 1\.0\.0 has all traffic again/)
  },
)

test(
  'Ctrl-C puts everything back and exits with 130; more of them do not tear that up',
  PATIENT,
  async () => {
    const interrupt = (child: ChildProcess): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
    }
    const { code, events, err } = await deployIn(project, [], (event, child) => {
      if (
        event.type === 'stage-reached' ||
        event.type === 'revert-started' ||
        event.type === 'traffic-restored'
      )
        interrupt(child)
    })
    expect(code, err).toBe(130)
    expect(only(events, 'interrupted').map(({ times }) => times)).toEqual([1, 2, 3])
    expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', exitCode: 130, left: [] }])
    expect(harmedIn(events)).toBe(0)
    expectAsBefore(events)
  },
)

test('Ctrl-C while suites run ends them, puts everything back, and exits with 130', PATIENT, async () => {
  const { code, events, err } = await deployIn(project, [], (event, child) => {
    const judged = event.type === 'gate-started' && event.phase === 'shift'
    if (judged && child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
  })
  expect(code, err).toBe(130)
  expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', exitCode: 130, left: [] }])
  expectAsBefore(events)
})

test('Ctrl-C while the old fleet drains sends no user to it before it serves again', PATIENT, async () => {
  const { code, events, err } = await deployIn(project, [], (event, child) => {
    const draining = event.type === 'action-intended' && event.kind === 'await-empty'
    if (draining && child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
  })
  expect(code, err).toBe(130)
  expect(harmedIn(events)).toBe(0)
  expectAsBefore(events)
})

// A file may grow to so many KiB: enough for the journal to get past the first shift, not for its end.
const fullDisk = ['bash', '-c', 'trap "" XFSZ; ulimit -f 32; exec "$@"', 'bash']

test('a disk that fills up while traffic shifts turns the deployment back', PATIENT, async () => {
  const { code, events, err } = await deployIn(project, [], () => {}, fullDisk)
  expect(code, err).toBe(1)
  const shifted = only(events, 'action-intended').filter(({ kind }) => kind === 'set-weights')
  expect(shifted.length).toBeGreaterThan(1)
  expect(only(events, 'revert-started')).toMatchObject([{ sentence: expect.stringContaining('EFBIG') }])
  expect(only(events, 'deployment-ended')).toMatchObject([{ state: 'reverted', exitCode: 1, left: [] }])
  expectAsBefore(events)
  expect(err).toContain('the journal can no longer be written')
})
