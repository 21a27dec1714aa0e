import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Invocation } from './main.ts'
import { simulate } from './simulate.ts'

let project: string

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sluice-simulate-'))
})

afterEach(() => rmSync(project, { recursive: true }))

/** Wall milliseconds: a second or two for each deployment, and time to spare where the machine is busy. */
const PATIENT = { timeout: 120_000 }

/** Runs the command on a config whose release has these defects. */
async function run(flags: Invocation['flags'], defects: readonly unknown[], cloud: object = {}) {
  const config = {
    cloud: { kind: 'embedded', ...cloud },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: {
      old: { version: '1.0.0' },
      new: { version: '2.0.0', userData: { version: '2.0.0', defects } },
    },
    baseline: 'old',
    release: 'new',
    strategy: { name: 'canary', options: { steps: [50, 100], bake: '1m' } },
    probe: { rate: 10 },
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
  const text = { people: '', data: '' }
  const exitCode = await simulate({
    flags,
    cwd: project,
    env: {},
    output: {
      people: (more) => {
        text.people += more
      },
      data: (more) => {
        text.data += more
      },
      colour: false,
      columns: 80,
      interactive: false,
    },
    interrupt: new AbortController().signal,
    onSignal: () => {},
  })
  return { exitCode, ...text }
}

test(
  'says how many deployments ended how, and ends with 0 when all did as they should',
  PATIENT,
  async () => {
    const { exitCode, people, data } = await run({ runs: 2, seed: 5 }, [])
    expect(people).toContain('simulating 2 deployments of new (a good release) by canary, 10 requests/s')
    expect(people).toMatch(/^promoted \(0\) +2 +\d+ m/m)
    expect(data).toBe('')
    expect(exitCode).toBe(0)
  },
)

test('for machines there is a line of JSON for each deployment; its seed repeats it', PATIENT, async () => {
  const defects = [{ kind: 'error', rate: 0.3 }]
  const first = await run({ runs: 2, seed: 1, json: true }, defects)
  const lines = first.data
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ type }) => type)).toEqual(['simulated', 'simulated', 'simulation-ended'])
  expect(lines[1]).toMatchObject({ seed: 2, state: 'reverted', exitCode: 3, unexpected: [] })
  expect(lines[1].revertedMs).toBeGreaterThan(lines[1].restoredMs)
  expect(first.exitCode).toBe(0)
  const again = await run({ runs: 1, seed: 2, json: true }, defects)
  expect(again.data.split('\n')[0]).toBe(first.data.split('\n')[1])
})

test(
  'a deployment that did not end as it should is told with the seed that repeats it, and ends with 3',
  PATIENT,
  async () => {
    // It has a defect that harms nobody: nothing can be seen of it.
    const { exitCode, people } = await run({ runs: 1, seed: 7 }, [{ kind: 'slow', ms: 1 }])
    expect(people).toContain('seed 7 did not end as it should; --runs 1 --seed 7 repeats it:')
    expect(people).toContain('it ended promoted with exit code 0: shop runs 2.0.0')
    expect(exitCode).toBe(3)
  },
)

test('only the embedded cloud can be simulated', async () => {
  const live = { kind: 'live', accounts: ['123456789012'], regions: ['us-east-1'] }
  await expect(run({ runs: 1 }, [], live)).rejects.toMatchObject({
    code: 'usage',
    message: 'a live cloud cannot be simulated',
  })
})
