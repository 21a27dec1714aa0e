import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** Tells on stderr, at the end, which packages a process has loaded. */
const TELL_PACKAGES = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  const found = new Set()
  registerHooks({
    load(url, context, next) {
      const [, name] = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url) ?? []
      if (name) found.add(name)
      return next(url, context)
    },
  })
  process.on('exit', () => process.stderr.write(JSON.stringify([...found])))
`)}`

test('an empty cloud is ready without the SDK’s clients and without what reads a config', async () => {
  const cli = fileURLToPath(new URL('../cli.ts', import.meta.url))
  const argv = ['--conditions=sluice-source', '--import', TELL_PACKAGES, cli]
  const child = spawn(process.execPath, [...argv, 'cloud', '--port', '0', '--dns-port', '0'])
  const told = text(child.stderr)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  expect(JSON.parse(line)).toMatchObject({ endpoint: expect.stringMatching(/^http:/) })
  child.kill('SIGTERM')
  await once(child, 'close')
  const packages = JSON.parse(await told) as string[]
  expect(packages).toContain('commander')
  expect(packages.filter((name) => /^(@aws-sdk\/client-.*|zod|undici|vitest)$/.test(name))).toEqual([])
}, 30_000)
