import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const CLI = join(import.meta.dirname, '../cli.ts')

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
})
afterEach(() => rmSync(project, { recursive: true }))

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function sluice(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--conditions=sluice-source', CLI, ...args], {
      cwd: project,
      env: { ...process.env, NO_COLOR: '1', ...env },
    })
    const text = { out: '', err: '' }
    child.stdout.on('data', (chunk) => (text.out += chunk))
    child.stderr.on('data', (chunk) => (text.err += chunk))
    child.on('close', (code) => resolve({ code, ...text }))
  })
}

const config = (more: Record<string, unknown> = {}): void => {
  const whole = {
    cloud: { kind: 'embedded', timeScale: 100, settle: 'fast' },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: { old: { version: '1.0.0' }, new: { version: '1.1.0' } },
    baseline: 'old',
    release: 'new',
    strategy: { name: 'canary', options: {} },
    ...more,
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(whole)}\n`)
}

/** One clear message, no stack, exit 2, and nothing written. */
async function refused(
  args: readonly string[],
  expected: RegExp,
  env: Record<string, string> = {},
): Promise<void> {
  const { code, err, out } = await sluice(args, env)
  expect(err).toMatch(expected)
  expect(err).not.toMatch(/^\s+at .*:\d+:\d+/m)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(existsSync(join(project, '.sluice'))).toBe(false)
}

describe('bad input is refused with exit 2 and one message', () => {
  test('no config', () => refused(['deploy'], /there is no sluice\.config\.ts in .*--config/s))

  test('a config that is named but not there', () =>
    refused(['plan', '--config', 'other.ts'], /there is no config file other\.ts/))

  test('a config that cannot be parsed', async () => {
    writeFileSync(join(project, 'sluice.config.ts'), 'export default {{')
    await refused(['plan'], /sluice\.config\.ts cannot be loaded/)
  })

  test('a config that throws', async () => {
    writeFileSync(join(project, 'sluice.config.ts'), "throw new Error('no such thing')")
    await refused(['plan'], /sluice\.config\.ts cannot be loaded: no such thing/)
  })

  test('a config with problems, all of them at once', async () => {
    config({ colour: 'blue', probe: { rate: -1 } })
    await refused(['deploy'], /2 problems:.*probe\.rate.*colour: there is no such key/s)
  })

  test('an unknown release', async () => {
    config()
    await refused(['deploy', '--release', '9'], /there is no release 9; releases: old, new/)
  })

  test('an unknown strategy', async () => {
    config()
    await refused(
      ['deploy', '--strategy', 'yolo'],
      /there is no strategy named yolo; strategies: ab, all-at-once, blue-green, canary/,
    )
  })

  test('an unknown cloud', async () => {
    config()
    await refused(['deploy', '--cloud', 'gcp'], /there is no cloud gcp.*embedded/s)
  })

  test('an unknown flag', async () => {
    config()
    await refused(['deploy', '--relese', 'new'], /unknown option '--relese'.*--release/s)
  })

  test('an unknown command', () => refused(['depoly'], /unknown command 'depoly'.*deploy/s))

  test('a fault that is none', async () => {
    config()
    await refused(['simulate', '--fault', 'flood'], /--fault flood.*known: kill-instance, crash, throttle/s)
  })

  test('an unknown phase', async () => {
    config()
    await refused(['test', 'mid-deploy'], /there is no phase mid-deploy.*pre-deploy, shift/s)
  })

  test('a suite that does not compile', async () => {
    config()
    mkdirSync(join(project, 'suites/shift'), { recursive: true })
    writeFileSync(join(project, 'suites/shift/broken.suite.ts'), 'export const = 3')
    await refused(['deploy'], /broken\.suite\.ts does not compile/)
  })

  test('an endpoint where nothing listens', async () => {
    config()
    await refused(['deploy'], /http:\/\/127\.0\.0\.1:9/, { SLUICE_CLOUD: 'http://127.0.0.1:9' })
  })

  test('a live cloud in a region that its config does not name', async () => {
    config({ cloud: { kind: 'live', accounts: ['123456789012'], regions: ['us-east-1'] } })
    await refused(['deploy'], /--region or AWS_REGION: eu-west-1 is not among cloud\.regions/, {
      AWS_REGION: 'eu-west-1',
    })
  })

  test('a port that is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    try {
      await refused(['cloud', '--port', String(port), '--dns-port', '0'], new RegExp(`${port}`))
    } finally {
      server.close()
    }
  })

  test('a port that is none', () =>
    refused(['cloud', '--port', 'http'], /--port is http; expected a whole number/))
})

test('a plan with --json is one JSON event a line, and nothing else', async () => {
  config()
  const { code, out, err } = await sluice(['plan', '--json'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map((line) => line.type)).toEqual([
    'plan',
    'baseline',
    'stage',
    'stage',
    'stage',
    'stage',
    'stage',
  ])
  expect(lines[0]).toMatchObject({ service: 'shop', from: '1.0.0', to: '1.1.0', strategy: 'canary' })
  expect(existsSync(join(project, '.sluice'))).toBe(false)
})

test('the same input gives the same plan', async () => {
  config()
  const [first, second] = [await sluice(['plan']), await sluice(['plan'])]
  expect(first.out).toMatch(/plan [0-9a-f]{12}/)
  expect(second.out).toBe(first.out)
})
