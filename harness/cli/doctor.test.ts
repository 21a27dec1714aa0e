import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Diagnosis } from './doctor/diagnosis.ts'
import { docker, localstackToken, node } from './doctor/machine.ts'
import { sampleAccount } from './sample-account.ts'

let account: Awaited<ReturnType<typeof sampleAccount>>

beforeAll(async () => {
  account = await sampleAccount()
})
afterEach(async () => {
  account.configure({})
  const chaos = await account.embedded.chaos()
  chaos.clear()
})
afterAll(() => account[Symbol.asyncDispose]())

async function diagnoses(env: Record<string, string | undefined> = {}) {
  // By its own address the account has a data plane; as a live one its instances have private addresses.
  const reach = { SLUICE_CLOUD: account.embedded.endpoint, AWS_REGION: 'eu-west-1' }
  const { code, out, err } = await account.sluice(['doctor', '--json'], { env: { ...reach, ...env } })
  expect(err).toBe('')
  const lines = out.trim().split('\n')
  return { code, found: lines.map((line): Diagnosis => JSON.parse(line)) }
}

const failing = (found: readonly Diagnosis[]) => found.filter(({ status }) => status === 'fail')

test('on sound ground every check is told, exit 0, and nothing is changed', async () => {
  const { code, found } = await diagnoses()
  expect(found.filter(({ status }) => status !== 'ok')).toEqual([])
  expect(code).toBe(0)
  expect(found.map(({ check }) => check)).toEqual([
    'node',
    'config',
    'docker',
    'LOCALSTACK_AUTH_TOKEN',
    'cloud',
    'account',
    'service',
    'tag',
    'instances',
    'strategy',
    'permissions',
    'quotas',
  ])
  const says = (check: string) => found.find((each) => each.check === check)?.says
  expect(says('instances')).toMatch(/^i-\w+ answers at its own address$/)
  expect(says('account')).toBe('123456789012, as arn:aws:iam::123456789012:root')
  expect(says('service')).toBe('shop runs 1.0.0 on shop, 4 of 4 healthy')
  expect(says('quotas')).toMatch(
    /^1 of 500 Auto Scaling groups, 1 of 3000 target groups, 1 of 100 target groups of the load balancer$/,
  )
  expect([...account.changed]).toEqual([])
})

test('people get one line a check, with the next step behind an arrow', async () => {
  account.configure({ service: { name: 'shop', entry: { loadBalancer: 'nobody', listener: 80 } } })
  const { code, out } = await account.sluice(['doctor'], { env: { SLUICE_CLOUD: account.embedded.endpoint } })
  expect(out).toMatch(/^ok {4}node /)
  expect(out).toMatch(/\nfail {2}service +there is no load balancer named nobody .* → correct service\.entry/)
  expect(code).toBe(2)
})

test('denied actions are listed, those that only a dry run shows included', async () => {
  const chaos = await account.embedded.chaos()
  const operations = ['DescribeImages', 'CreateLaunchTemplateVersion', 'ListHostedZones']
  chaos.inject({ action: 'sluice:deny-api', parameters: { operations } })
  const { code, found } = await diagnoses()
  expect(failing(found)).toMatchObject([{ check: 'permissions', next: 'allow what sluice policy prints' }])
  expect(failing(found)[0]?.says).toBe(
    'denied: ec2:DescribeImages, route53:ListHostedZones, route53:ListResourceRecordSets, ec2:CreateLaunchTemplateVersion',
  )
  expect(code).toBe(2)
})

test('quotas that may not be read are a warning', async () => {
  const chaos = await account.embedded.chaos()
  chaos.inject({ action: 'sluice:deny-api', parameters: { operations: ['DescribeAccountLimits'] } })
  const { code, found } = await diagnoses()
  expect(found.at(-1)).toMatchObject({ check: 'quotas', status: 'warn' })
  expect(code).toBe(0)
})

test.each([
  [
    'another account',
    { cloud: { kind: 'live', accounts: ['210987654321'], regions: ['eu-west-1'] } },
    { SLUICE_CLOUD: 'live' },
    'cloud',
    /account 123456789012/,
  ],
  [
    'no credentials',
    {},
    { SLUICE_CLOUD: 'live', AWS_ACCESS_KEY_ID: undefined },
    'cloud',
    /no AWS credentials/,
  ],
  ['an endpoint that does not answer', {}, { SLUICE_CLOUD: 'http://127.0.0.1:9' }, 'cloud', /127\.0\.0\.1:9/],
  ['a config that is not valid', { colour: 'blue' }, {}, 'config', /colour/],
] as const)('%s is one failure with its next step', async (_, more, env, check, says) => {
  account.configure(more)
  const { code, found } = await diagnoses(env)
  expect(failing(found)).toMatchObject([
    { check, says: expect.stringMatching(says), next: expect.any(String) },
  ])
  expect(code).toBe(2)
})

test('a Node that is too old is told what is needed', () => {
  expect(node('22.18.0', '>=22.19')).toMatchObject({ status: 'fail', next: 'install Node 22.19 or later' })
  expect(node('22.19.0', '>=22.19').status).toBe('ok')
  expect(node('24.0.1', '>=22.19').status).toBe('ok')
})

test('Docker and the token matter where Sluice starts containers alone, and the token is never shown', async () => {
  const [region, image] = ['us-east-1', 'localstack/localstack:latest']
  const live = { kind: 'live', accounts: [], regions: [], callsPerSecond: 1 } as const
  expect((await docker(live, {})).status).toBe('ok')
  expect((await docker({ kind: 'localstack', region, url: 'http://127.0.0.1:4566' }, {})).status).toBe('ok')
  expect(localstackToken(live, {})).toMatchObject({ status: 'ok' })
  expect(localstackToken({ kind: 'localstack', region }, {})).toMatchObject({
    status: 'warn',
    says: 'not set: localstack/localstack:4.14.0 will be started',
  })
  expect(localstackToken({ kind: 'localstack', region, image }, {})).toMatchObject({
    status: 'fail',
    says: expect.stringContaining('does not run without LOCALSTACK_AUTH_TOKEN'),
  })
  const set = localstackToken({ kind: 'localstack', region, image }, { LOCALSTACK_AUTH_TOKEN: 'ls-abc' })
  expect(set.status).toBe('ok')
  expect(JSON.stringify(set)).not.toContain('abc')
})

/** The library looks there as well, wherever DOCKER_HOST leads. */
test.skipIf(existsSync('/var/run/docker.sock'))(
  'a Docker engine that is needed and is not there is a failure',
  async () => {
    account.configure({ cloud: { kind: 'localstack' } })
    const nowhere = { DOCKER_HOST: 'tcp://127.0.0.1:9', HOME: '/nonexistent', XDG_RUNTIME_DIR: undefined }
    const { code, found } = await diagnoses({
      SLUICE_CLOUD: undefined,
      AWS_ENDPOINT_URL: undefined,
      ...nowhere,
    })
    expect(failing(found)).toMatchObject([
      { check: 'docker', says: 'no Docker engine answers', next: expect.stringContaining('docker info') },
      { check: 'cloud', says: 'no Docker engine answers' },
    ])
    expect(code).toBe(2)
  },
)
