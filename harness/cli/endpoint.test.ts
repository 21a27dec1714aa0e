import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { CHECKING } from '../checks/permissions.ts'
import { CHANGING, OBSERVING } from '../converge/permissions.ts'
import type { JournalEvent } from '../journal/event.ts'
import { servePlain } from './plain-endpoint.ts'
import { sampleAccount } from './sample-account.ts'

const PATIENT = { timeout: 60_000 }

let account: Awaited<ReturnType<typeof sampleAccount>>

beforeAll(async () => {
  account = await sampleAccount(async () => ({
    strategy: { name: 'canary', options: { steps: [50, 100], bake: '1s', extend: '0s' } },
  }))
})
afterAll(() => account[Symbol.asyncDispose]())

const at = (url: string) => ({ env: { SLUICE_CLOUD: url, AWS_REGION: 'eu-west-1' } })

test('a cloud without a data plane is refused before anything is touched, with what to do', async () => {
  account.configure({})
  await using plain = await servePlain(account.embedded.endpoint)
  const { code, err } = await account.sluice(['deploy'], at(plain.url))
  expect(err.split('\n')).toEqual([
    `sluice: ${plain.url} lacks what a deployment by canary needs; nothing was touched`,
    expect.stringMatching(/^ {2}data-plane: load balancers .* carry no traffic$/),
    '  strategies that would work there: none',
    expect.stringMatching(/^ {2}prove the deployment on embedded\(\).*gates\.notRun to 'allow'/),
    '',
  ])
  expect(code).toBe(2)
  expect([...account.changed]).toEqual([])
  expect(account.journaled).toBe(false)
  const declared = [...OBSERVING, ...CHECKING, ...Object.values(CHANGING).flat()]
  const calls = declared.filter(({ because }) => because === undefined).map(({ action }) => action)
  expect([...new Set(calls)].filter((action) => !account.called.has(action)).sort()).toEqual([
    'autoscaling:CreateAutoScalingGroup',
    'autoscaling:CreateOrUpdateTags',
    'autoscaling:DeleteAutoScalingGroup',
    'autoscaling:DeleteTags',
    'elasticloadbalancing:CreateListener',
    'elasticloadbalancing:CreateRule',
    'elasticloadbalancing:CreateTargetGroup',
    'elasticloadbalancing:DeleteListener',
    'elasticloadbalancing:DeleteRule',
    'elasticloadbalancing:DeleteTargetGroup',
  ])
})

test('an operation that is not built is found as well, and named', async () => {
  account.configure({ gates: { notRun: 'allow' } })
  await using plain = await servePlain(account.embedded.endpoint, ['SuspendProcesses', 'DescribeImages'])
  const { code, err } = await account.sluice(['deploy'], at(plain.url))
  expect(err).toMatch(/\n {2}autoscaling:SuspendProcesses: .*not yet implemented\n/)
  // Only suites read images, and what they cannot read shuts no gate as this is set.
  expect(err).not.toContain('DescribeImages')
  expect(code).toBe(2)
  expect([...account.changed]).toEqual([])
})

test('where launch template versions cannot be deleted, releases that have theirs already can be deployed', async () => {
  account.configure({ gates: { notRun: 'allow' } })
  await using plain = await servePlain(account.embedded.endpoint, ['DeleteLaunchTemplateVersions'])
  const { code, err } = await account.sluice(['deploy'], at(plain.url))
  expect(err).toMatch(/\n {2}ec2:DeleteLaunchTemplateVersions: .*not yet implemented\n/)
  expect(err).toMatch(/\n {2}strategies that would work there: none\n/)
  expect(err).toMatch(/\n {2}with releases that name their launchTemplateVersion: .*\bcanary\b.*\n/)
  expect(code).toBe(2)
  expect([...account.changed]).toEqual([])
})

test('an answer that nobody expected is told as one of the cloud, without a stack', async () => {
  const chaos = await account.embedded.chaos()
  const parameters = { operations: ['DescribeListeners'] }
  chaos.inject({ action: 'aws:fis:inject-api-internal-error', parameters })
  onTestFinished(() => chaos.clear())
  const { code, err } = await account.sluice(['plan'], at(account.embedded.endpoint))
  expect(err).toMatch(/^sluice: InternalFailure\w*: .*\n {2}The cloud answered that\./)
  expect(err).not.toMatch(/fault of Sluice|\n +at /)
  expect(code).toBe(1)
})

test('suites that cannot run are told apart with the reason, and leave it open unless set otherwise', async () => {
  await using plain = await servePlain(account.embedded.endpoint, ['DescribeInstanceRefreshes'])
  account.configure({})
  const shut = await account.sluice(['test', 'pre-deploy'], at(plain.url))
  expect(shut.err).toMatch(
    /- .* nothing else is replacing its instances .*\n {4}this cloud has not built it: /,
  )
  expect(shut.err).toMatch(/- .* the main page answers.*\n {4}this cloud has no data-plane: /)
  expect(shut.err).toMatch(/✓ .* every target is healthy/)
  expect(shut.code).toBe(4)
  account.configure({ gates: { notRun: 'allow' } })
  const open = await account.sluice(['test', 'pre-deploy'], at(plain.url))
  expect(open.err).toMatch(/\d+ tests passed; 4 tests could not run: /)
  expect(open.code).toBe(0)
})

test(
  'where it is allowed, a deployment goes by what can be seen, and says what could not',
  PATIENT,
  async () => {
    account.configure({ gates: { notRun: 'allow' } })
    await using plain = await servePlain(account.embedded.endpoint)
    const { code, out, err } = await account.sluice(['deploy', '--json'], at(plain.url))
    expect(code, err).toBe(0)
    const events = out
      .trim()
      .split('\n')
      .map((line): JournalEvent => JSON.parse(line))
    const gates = events.filter((event) => event.type === 'gate-ended')
    expect(gates.map(({ stage, verdict }) => [stage, verdict.status])).toEqual([
      ['before', 'passed'],
      ['canary 50%', 'passed'],
      ['canary 100%', 'passed'],
      ['retire old', 'passed'],
    ])
    for (const { verdict, tests } of gates) {
      expect(verdict.sentence).toMatch(/could not run: this cloud has no (data-plane|dns)/)
      expect(tests.filter(({ status }) => status === 'skipped').every(({ notRun }) => notRun)).toBe(true)
    }
  },
)
