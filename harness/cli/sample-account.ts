/** For tests: an account with the sample service in it, and a project whose commands run there. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { scaledClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'

const CLI = join(import.meta.dirname, '../cli.ts')

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Typed on a terminal of its own when the command asks; all it writes is then `out`. */
  readonly reply?: string
}

interface SampleAccount extends AsyncDisposable {
  readonly embedded: EmbeddedCloud
  /** Operations called since the service stands, by the service's name in IAM; and those that changed something. */
  readonly called: Set<string>
  readonly changed: Set<string>
  readonly project: string
  /** Lays the keys over the config of the project. */
  configure(more: Readonly<Record<string, unknown>>): void
  /** Runs a command with no credentials to find but test ones, and AWS_ENDPOINT_URL leading to the account. */
  sluice(args: readonly string[], options?: RunOptions): Promise<Ended>
  /** Whether a deployment has left a journal. */
  readonly journaled: boolean
}

/** The region is eu-west-1, the account 123456789012, the service `shop` on 1.0.0. */
export async function sampleAccount(
  prepare: (cloud: Cloud) => Promise<Record<string, unknown>> = async () => ({}),
): Promise<SampleAccount> {
  const region = 'eu-west-1'
  const embedded = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'fast', region })
  const project = mkdtempSync(join(tmpdir(), 'sluice-account-'))
  await using cloud = connectCloud(embedded.address)
  await createSampleService(cloud, { name: 'shop', release: { version: '1.0.0' } })
  const base = {
    cloud: { kind: 'live', accounts: ['123456789012'], regions: [region] },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: { old: { version: '1.0.0' }, new: { version: '1.1.0' } },
    baseline: 'old',
    release: 'new',
    strategy: { name: 'canary', options: {} },
    ...(await prepare(cloud)),
  }
  const configure = (more: Readonly<Record<string, unknown>>): void => {
    const whole = JSON.stringify({ ...base, ...more })
    writeFileSync(join(project, 'sluice.config.mjs'), `export default ${whole}\n`)
  }
  configure({})
  const called = new Set<string>()
  const changed = new Set<string>()
  const { faults } = embedded.world
  // CloudWatch signs as what it once was.
  const inIam = (service: string): string => (service === 'monitoring' ? 'cloudwatch' : service)
  faults.calls.add(({ service, operation }) => void called.add(`${inIam(service)}:${operation}`))
  faults.answered.add(({ operation }) => {
    if (!/^(Describe|Get|List)/.test(operation)) changed.add(operation)
  })
  return {
    embedded,
    called,
    changed,
    project,
    configure,
    sluice: (args, options = {}) => run(project, embedded.endpoint, args, options),
    get journaled() {
      return existsSync(join(project, '.sluice'))
    },
    async [Symbol.asyncDispose]() {
      rmSync(project, { recursive: true })
      await embedded[Symbol.asyncDispose]()
    },
  }
}

function run(
  cwd: string,
  endpoint: string,
  args: readonly string[],
  { env = {}, reply }: RunOptions,
): Promise<Ended> {
  const command = [process.execPath, '--conditions=sluice-source', CLI, ...args]
  const terminal = ['script', '--quiet', '--return', '--command', command.join(' '), '/dev/null']
  const [program = '', ...rest] = reply === undefined ? command : terminal
  const nothing = '/nonexistent/aws'
  const child = spawn(program, rest, {
    cwd,
    env: {
      PATH: process.env['PATH'],
      TERM: 'xterm',
      NO_COLOR: '1',
      SLUICE_CLOUD: 'live',
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_CONFIG_FILE: nothing,
      AWS_SHARED_CREDENTIALS_FILE: nothing,
      AWS_EC2_METADATA_DISABLED: 'true',
      ...env,
    },
  })
  return new Promise((resolve) => {
    const text = { out: '', err: '' }
    let asked = false
    child.stdout.on('data', (chunk) => {
      text.out += chunk
      if (asked || reply === undefined || !text.out.includes('[y/N]')) return
      asked = true
      child.stdin.write(`${reply}\n`)
    })
    child.stderr.on('data', (chunk) => {
      text.err += chunk
    })
    child.on('close', (code) => resolve({ code, ...text }))
  })
}
