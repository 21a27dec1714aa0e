import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'Web Shop-'))
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(ROOT, join(project, 'node_modules/sluice'))
})
afterEach(() => rmSync(project, { recursive: true }))

const sluice = (...args: readonly string[]): Promise<{ code: unknown; out: string; err: string }> =>
  new Promise((done) => {
    const argv = ['--conditions=sluice-source', join(ROOT, 'harness/cli.ts'), ...args]
    execFile(process.execPath, argv, { cwd: project }, (error, out, err) =>
      done({ code: error ? error.code : 0, out, err }),
    )
  })

test('what init writes is a config that can be planned with', async () => {
  expect((await sluice('init')).code).toBe(0)
  expect(readFileSync(join(project, 'sluice.config.ts'), 'utf8')).toMatch(/name: 'web-shop-[a-z0-9-]*'/)
  const plan = await sluice('plan', '--json')
  expect(plan.err).toBe('')
  expect(plan.code).toBe(0)
  expect(plan.out).toContain('canary 10%')
})

test('a config that is there is never overwritten', async () => {
  await sluice('init')
  const before = readFileSync(join(project, 'sluice.config.ts'), 'utf8')
  const again = await sluice('init')
  expect(again).toMatchObject({ code: 2, err: expect.stringContaining('there is a config already') })
  expect(readFileSync(join(project, 'sluice.config.ts'), 'utf8')).toBe(before)
})
