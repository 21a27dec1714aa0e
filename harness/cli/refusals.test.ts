import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, type TestContext, test } from 'vitest'
import { containerEngine } from '#fixtures/containers/engine'
import { servePlain } from './plain-endpoint.ts'
import { sampleAccount } from './sample-account.ts'

const PATIENT = { timeout: 120_000 }

/** What must be found nowhere. */
const SECRETS = {
  AWS_SECRET_ACCESS_KEY: 'hush-secret-access-key',
  AWS_SESSION_TOKEN: 'hush-session-token',
  LOCALSTACK_AUTH_TOKEN: 'ls-hush-auth-token',
}

let account: Awaited<ReturnType<typeof sampleAccount>>
beforeAll(async () => {
  account = await sampleAccount()
}, PATIENT.timeout)
afterEach(async () => {
  account.configure({})
  const chaos = await account.embedded.chaos()
  chaos.clear()
})
afterAll(() => account[Symbol.asyncDispose]())

type Env = Readonly<Record<string, string | undefined>>

/** Runs a command that must be refused: exit 2, one message with its next step, nothing touched, no secret anywhere. */
async function refused(args: readonly string[], env: Env): Promise<string> {
  const { code, out, err } = await account.sluice(args, { env: { ...SECRETS, ...env } })
  expect(err).toMatch(/^(LOCALSTACK_AUTH_TOKEN is not set: .*\n)?sluice: .+\n {2}\S.*\n$/)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect([...account.changed]).toEqual([])
  expect(account.journaled).toBe(false)
  expectNoSecret(out + err)
  return err
}

function expectNoSecret(text: string): void {
  for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret)
}

/** An endpoint nowhere: the port is reserved for discarding what it gets, and nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9'

test('credentials of an account that the config does not allow', PATIENT, async () => {
  account.configure({ cloud: { kind: 'live', accounts: ['210987654321'], regions: ['eu-west-1'] } })
  expect(await refused(['deploy', '--yes'], {})).toMatch(
    /account 123456789012, which the config does not allow/,
  )
})

test('credentials that have expired', PATIENT, async () => {
  const chaos = await account.embedded.chaos()
  chaos.inject({ action: 'sluice:expire-credentials' })
  expect(await refused(['deploy', '--yes'], {})).toMatch(/have expired.*\n.*aws sso login/)
})

test('no credentials', PATIENT, async () => {
  const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
  expect(await refused(['deploy', '--yes'], none)).toMatch(/no AWS credentials.*\n.*AWS_PROFILE/)
})

test('an action that is denied', PATIENT, async () => {
  const chaos = await account.embedded.chaos()
  chaos.inject({ action: 'sluice:deny-api', parameters: { operations: ['DescribeListeners'] } })
  expect(await refused(['deploy', '--yes'], {})).toMatch(/DescribeListeners.*\n.*sluice policy/)
})

test('an endpoint that does not answer', PATIENT, async () => {
  expect(await refused(['deploy'], { SLUICE_CLOUD: NOWHERE })).toContain(NOWHERE)
  const localstack = { SLUICE_CLOUD: 'localstack', AWS_ENDPOINT_URL: NOWHERE }
  expect(await refused(['deploy'], localstack)).toContain(NOWHERE)
})

test.each(['--port', '--dns-port'])('a %s that is taken', PATIENT, async (flag) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const ports =
    flag === '--port' ? ['--port', `${port}`, '--dns-port', '0'] : ['--port', '0', '--dns-port', `${port}`]
  try {
    expect(await refused(['cloud', ...ports], {})).toMatch(new RegExp(`port ${port} .*in use`))
  } finally {
    server.close()
  }
})

const IN_A_CONTAINER = { SLUICE_CLOUD: 'localstack', AWS_ENDPOINT_URL: undefined }

test('an image of LocalStack that needs a token, without one', PATIENT, async () => {
  const env = {
    ...IN_A_CONTAINER,
    LOCALSTACK_AUTH_TOKEN: undefined,
    LOCALSTACK_IMAGE: 'localstack/localstack:2026.3.0',
  }
  expect(await refused(['deploy'], env)).toMatch(
    /does not run without LOCALSTACK_AUTH_TOKEN.*\n.*4\.14\.0 needs none/,
  )
})

/** The library looks there as well, wherever DOCKER_HOST leads. */
const SOCKET = '/var/run/docker.sock'
const NO_ENGINE = { DOCKER_HOST: 'tcp://127.0.0.1:9', HOME: '/nonexistent', XDG_RUNTIME_DIR: undefined }
const IMAGES = { 'ami-0123456789abcdef0': { container: 'sluice-no-such-image:0', port: 8080 } }

test.skipIf(existsSync(SOCKET))('no Docker engine, for LocalStack and for instances', PATIENT, async () => {
  for (const token of [undefined, SECRETS.LOCALSTACK_AUTH_TOKEN]) {
    const env = { ...IN_A_CONTAINER, ...NO_ENGINE, LOCALSTACK_AUTH_TOKEN: token }
    expect(await refused(['deploy'], env)).toMatch(/no Docker engine answers\n.*docker info/)
  }
  account.configure({ cloud: { kind: 'embedded', images: IMAGES } })
  const env = { ...NO_ENGINE, SLUICE_CLOUD: undefined, AWS_ENDPOINT_URL: undefined }
  expect(await refused(['deploy'], env)).toMatch(/no Docker engine answers\n.*docker info/)
})

/** Of what tests with an engine would run; `.ci/clouds` starts one. */
async function containersOf(context: TestContext): Promise<() => Promise<number>> {
  if (!process.env['SLUICE_SERVICE_IMAGE']) context.skip('there may be no Docker engine: run .ci/clouds')
  const { client } = await containerEngine()
  return async () => (await client.container.list()).length
}

test('an image that is nowhere, for LocalStack and for instances', PATIENT, async (context) => {
  const count = await containersOf(context)
  const before = await count()
  const engine = { DOCKER_HOST: process.env['DOCKER_HOST'] }
  const missing =
    /image sluice-no-such-image:0 is not on this machine and cannot be pulled: .*\n.*docker pull/
  const localstack = { ...IN_A_CONTAINER, ...engine, LOCALSTACK_IMAGE: 'sluice-no-such-image:0' }
  expect(await refused(['deploy'], localstack)).toMatch(missing)
  account.configure({ cloud: { kind: 'embedded', images: IMAGES } })
  const instances = { ...engine, SLUICE_CLOUD: undefined, AWS_ENDPOINT_URL: undefined }
  expect(await refused(['deploy'], instances)).toMatch(missing)
  expect(await count()).toBe(before)
})

test('a container that ends at once says what it wrote, but for the token', PATIENT, async (context) => {
  const count = await containersOf(context)
  const before = await count()
  const { code, err } = await account.sluice(['deploy'], {
    env: {
      ...SECRETS,
      ...IN_A_CONTAINER,
      DOCKER_HOST: process.env['DOCKER_HOST'],
      // No LocalStack at all: without a port of its own it cannot listen.
      LOCALSTACK_IMAGE: process.env['SLUICE_SERVICE_IMAGE'],
    },
  })
  expect(err).toMatch(/^sluice: LocalStack from .*: the container did not start: /)
  expect(code).toBe(2)
  expectNoSecret(err)
  expect(await count()).toBe(before)
})

test(
  'no secret is in what a deployment prints, journals and reports, one that fails included',
  PATIENT,
  async () => {
    // With APIs alone, so that how busy this machine is does not decide.
    await using plain = await servePlain(account.embedded.endpoint)
    account.configure({
      strategy: { name: 'all-at-once', options: { bake: '1s', extend: '0s' } },
      gates: { notRun: 'allow' },
    })
    const chaos = await account.embedded.chaos()
    chaos.inject({ action: 'sluice:deny-api', parameters: { operations: ['CreateTargetGroup'] } })
    const { out, err } = await account.sluice(['deploy', '--json'], {
      env: { ...SECRETS, SLUICE_CLOUD: plain.url, AWS_REGION: 'eu-west-1' },
    })
    expect(err).toContain('turning back')
    expectNoSecret(out + err)
    const directory = join(account.project, '.sluice')
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    )
    expect(files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['journal.jsonl', 'report.html', 'junit.xml']),
    )
    for (const { parentPath, name } of files) expectNoSecret(readFileSync(join(parentPath, name), 'utf8'))
  },
)
