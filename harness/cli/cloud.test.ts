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

const DESCRIBE_INSTANCES = {
  method: 'POST',
  headers: {
    'content-type': 'application/x-www-form-urlencoded',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=00',
  },
  body: 'Action=DescribeInstances&Version=2016-11-15',
}

test('an empty cloud answers without the SDK’s clients and without what reads a config', async () => {
  const cli = fileURLToPath(new URL('../cli.ts', import.meta.url))
  const argv = ['--conditions=sluice-source', '--import', TELL_PACKAGES, cli]
  const child = spawn(process.execPath, [...argv, 'cloud', '--port', '0', '--dns-port', '0'])
  const told = text(child.stderr)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { endpoint } = JSON.parse(line) as { endpoint: string }
  const answer = await fetch(endpoint, DESCRIBE_INSTANCES)
  expect(await answer.text()).toContain('<DescribeInstancesResponse')
  child.kill('SIGTERM')
  await once(child, 'close')
  const packages = JSON.parse(await told) as string[]
  expect(packages).toContain('commander')
  const heavy = /^(@aws-sdk\/(core|credential-.*)|@smithy\/node-http-handler|zod|undici|vitest)$/
  expect(packages.filter((name) => heavy.test(name))).toEqual([])
}, 30_000)
