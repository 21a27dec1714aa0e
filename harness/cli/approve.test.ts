import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JournalEvent } from '../journal/event.ts'
import { deployIn, expectAsBefore, only } from './deploy-process.ts'

const CLI = join(import.meta.dirname, '../cli.ts')
const PATIENT = { timeout: 60_000 }

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sluice-approve-'))
})
afterEach(() => rmSync(project, { recursive: true }))

const configure = (approvals: object): void => {
  const config = {
    cloud: { kind: 'embedded', timeScale: 100, settle: 'fast' },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: {
      old: { version: '1.0.0' },
      new: { version: '1.1.0' },
      // Well after the bake of the first stage.
      late: {
        version: '1.2.0',
        userData: { version: '1.2.0', defects: [{ kind: 'error', after: '8m', rate: 0.5 }] },
      },
    },
    baseline: 'old',
    release: 'new',
    strategy: { name: 'canary', options: { steps: [50, 100], bake: '2m', extend: '4m' } },
    approvals,
    // A busy machine delays the probe; how late it may be is a share of this limit.
    gates: { minRequests: 50, latency: { p99: '5s' } },
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
}

/** Another terminal. */
function sluice(command: string): Promise<{ code: number | null; err: string }> {
  const child = spawn(process.execPath, ['--conditions=sluice-source', CLI, command], {
    cwd: project,
    env: { ...process.env, NO_COLOR: '1' },
  })
  return new Promise((resolve) => {
    let err = ''
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    child.on('close', (code) => resolve({ code, err }))
  })
}

const verdictAt = (events: readonly JournalEvent[], stage: string) =>
  only(events, 'gate-ended').find((gate) => gate.stage === stage)?.verdict

test('a stage waits for a person on another terminal, looks again, and goes on', PATIENT, async () => {
  configure({ stages: ['canary 50%'] })
  expect(await sluice('approve')).toMatchObject({
    code: 2,
    err: expect.stringContaining('no deployment of shop@us-east-1 waits for an approval'),
  })
  let approved: Promise<unknown> = Promise.resolve()
  const { code, events, err } = await deployIn(project, [], (event) => {
    if (event.type === 'approval-awaited') approved = sluice('approve')
  })
  expect(await approved).toMatchObject({ code: 0, err: expect.stringMatching(/^approved of canary 50% of/) })
  expect(code, err).toBe(0)
  expect(only(events, 'approved')).toMatchObject([{ stage: 'canary 50%', by: expect.stringContaining('@') }])
  expect(verdictAt(events, 'canary 50%')?.evidence.at(-1)).toMatchObject({
    metric: 'approval',
    status: 'passed',
  })
  expect(err).toContain('human steps: 1')
})

test('where nobody approves in time, the deployment goes back', PATIENT, async () => {
  configure({ stages: 'every', within: '1m' })
  const { code, events, err } = await deployIn(project, [])
  expect(code, err).toBe(4)
  expect(verdictAt(events, 'canary 50%')?.sentence).toBe(
    'nobody approved of going on from canary 50% within 1 m',
  )
  expectAsBefore(events)
})

test('a release that harms users while a person is waited for goes back at once', PATIENT, async () => {
  configure({ stages: 'every' })
  const { code, events, err } = await deployIn(project, ['--release', 'late'])
  expect(code, err).toBe(3)
  expect(only(events, 'approval-awaited')).toHaveLength(1)
  expect(only(events, 'approved')).toEqual([])
  expectAsBefore(events)
})

test('a stage that the plan does not have is told, with those that it has', PATIENT, async () => {
  configure({ stages: ['canary 5%'] })
  const { code, err } = await deployIn(project, [])
  expect(code).toBe(2)
  expect(err).toBe(
    'sluice: approvals.stages names no stage of this plan: canary 5%\n  its stages are: canary 50%, canary 100%, retire old\n',
  )
})
