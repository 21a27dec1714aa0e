import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SluiceError } from '../errors.ts'
import { CONFIG_NAMES } from './config-file.ts'
import type { Invocation } from './main.ts'

/** `sluice init`: a config and a suite to start from, for the project in this directory. Never overwrites a file. */
export async function init({ cwd, output }: Invocation): Promise<number> {
  const found = CONFIG_NAMES.find((name) => existsSync(join(cwd, name)))
  if (found) {
    throw new SluiceError('usage', `there is a config already: ${found}`, {
      hint: 'edit it, or move it away and run sluice init again',
    })
  }
  const service = serviceName(basename(cwd))
  const files = {
    'sluice.config.ts': config(service),
    'suites/shift/main-page.suite.ts': SUITE,
  }
  for (const [name, text] of Object.entries(files)) {
    const path = join(cwd, name)
    if (existsSync(path)) {
      output.people(`kept     ${name}\n`)
      continue
    }
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: 'wx' })
    output.people(`written  ${name}\n`)
  }
  output.people(
    '\nNext: npx sluice plan, then npx sluice deploy: both on the emulated cloud, without an AWS account.\n',
  )
  return 0
}

/** A name that load balancers and groups may have: letters, digits and hyphens, at most 32. */
function serviceName(directory: string): string {
  const name = directory
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 20)
    .replace(/^-+|-+$/g, '')
  return name || 'shop'
}

const config = (service: string): string => `import { defineConfig } from 'sluice'
import { embedded } from 'sluice/clouds'
import { canary } from 'sluice/strategies'

export default defineConfig({
  // An emulated AWS in a process of its own; a minute of cloud time takes a second.
  cloud: embedded({ timeScale: 60 }),
  // The load balancer and the listener that users reach. Its answers carry their version in x-app-version.
  service: { name: '${service}', entry: { loadBalancer: '${service}', listener: 80 }, url: '/' },
  // What --release names: launch template data (userData, imageId) or the number of a launchTemplateVersion.
  releases: {
    '1.0.0': { version: '1.0.0' },
    '1.1.0': { version: '1.1.0' },
  },
  baseline: '1.0.0',
  release: '1.1.0',
  strategy: canary({ steps: [10, 50, 100], bake: '5m' }),
  gates: { errorRate: { ceiling: 0.02 }, latency: { p99: '500ms' }, minRequests: 300 },
})
`

const SUITE = `import { expect, test } from 'sluice/test'

// Runs at every stage of a deployment, and alone: npx sluice test shift
test('the main page answers', async ({ http }) => {
  const answer = await http.get('/')
  expect(answer.status).toBe(200)
})
`
