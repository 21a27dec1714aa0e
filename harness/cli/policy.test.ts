import { PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch'
import { DescribeImagesCommand } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PolicyDocument } from '../policy.ts'
import { sampleAccount } from './sample-account.ts'

const PATIENT = 120_000

let account: Awaited<ReturnType<typeof sampleAccount>>

beforeAll(async () => {
  account = await sampleAccount(async (cloud) => {
    const filter = { Name: 'name', Values: ['sluice-sample-app'] }
    const { Images } = await cloud.region().ec2.send(new DescribeImagesCommand({ Filters: [filter] }))
    await cloud.region().cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName: 'quiet',
        Namespace: 'shop',
        MetricName: 'failures',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      }),
    )
    const errors = { version: '1.2.0', defects: [{ kind: 'error', rate: 0.5 }] }
    return {
      releases: {
        old: { version: '1.0.0' },
        new: { version: '1.1.0', userData: { version: '1.1.0' }, imageId: Images?.[0]?.ImageId },
        errors: { version: '1.2.0', userData: errors },
      },
      strategy: { name: 'canary', options: { steps: [50, 100], bake: '2m', extend: '4m' } },
      gates: { minRequests: 50, latency: { p99: '5s' }, alarms: ['quiet'] },
    }
  })
})
afterAll(() => account[Symbol.asyncDispose]())

/** What AWS asks for behind a call. */
const IMPLIED = ['ec2:CreateTags', 'elasticloadbalancing:AddTags', 'iam:PassRole']
/** Called on the way back only, where a group of the user's own had been given a role. */
const RARE = ['autoscaling:DeleteTags']
/** Where IAM calls an operation otherwise. */
const RENAMED: Readonly<Record<string, string>> = {
  's3:HeadBucket': 's3:ListBucket',
}
/** That suites launch an instance of their own is for the embedded cloud alone. */
const EMBEDDED_ONLY = ['ec2:TerminateInstances']

test('the policy reaches no cloud, and keeps its JSON apart from what it says to people', async () => {
  const { out, err } = await account.sluice(['policy', '--resilience'])
  expect(JSON.parse(out)).toMatchObject({ Version: '2012-10-17' })
  expect(out).toContain('autoscaling:TerminateInstanceInAutoScalingGroup')
  expect(err).toMatch(/create-or-update-tags .*Key=sluice:service,Value=shop/)
  expect([...account.called]).toEqual([])
})

test('a doctor, a promotion and a way back call what the policy allows, and all of it', {
  timeout: PATIENT,
}, async () => {
  const { out } = await account.sluice(['policy'])
  const allowed = (JSON.parse(out) as PolicyDocument).Statement.flatMap(({ Action }) => Action)
  const env = { SLUICE_CLOUD: account.embedded.endpoint, AWS_REGION: 'eu-west-1' }
  const examined = await account.sluice(['doctor'], { env })
  expect(examined.code, examined.out).toBe(0)
  const promoted = await account.sluice(['deploy'], { env })
  expect(promoted.code, promoted.err).toBe(0)
  const reverted = await account.sluice(['deploy', '--release', 'errors'], { env })
  expect(reverted.code, reverted.err).toBe(3)
  const made = [...account.called]
    .filter((action) => !EMBEDDED_ONLY.includes(action))
    .map((action) => RENAMED[action] ?? action)
  expect(made.filter((action) => !action.startsWith('sts:')).sort()).toEqual(
    [...new Set(allowed)].filter((action) => ![...IMPLIED, ...RARE].includes(action)).sort(),
  )
})

test('by registration the same holds, of a service that was deployed to by weights before', {
  timeout: PATIENT,
}, async () => {
  account.configure({
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80, by: 'registration' } },
    strategy: { name: 'all-at-once', options: { bake: '2m', extend: '4m' } },
    release: 'old',
    baseline: 'new',
  })
  account.called.clear()
  const { out } = await account.sluice(['policy'])
  const allowed = new Set((JSON.parse(out) as PolicyDocument).Statement.flatMap(({ Action }) => Action))
  const env = { SLUICE_CLOUD: account.embedded.endpoint, AWS_REGION: 'eu-west-1' }
  const reverted = await account.sluice(['deploy', '--release', 'errors'], { env })
  expect(reverted.code, reverted.err).toBe(3)
  const promoted = await account.sluice(['deploy'], { env })
  expect(promoted.code, promoted.err).toBe(0)
  const made = [...account.called]
    .filter((action) => !EMBEDDED_ONLY.includes(action))
    .map((action) => RENAMED[action] ?? action)
    .filter((action) => !action.startsWith('sts:'))
  expect(made).toContain('autoscaling:DetachLoadBalancerTargetGroups')
  expect(made.filter((action) => !allowed.has(action))).toEqual([])
  expect([...allowed].filter((action) => /TargetGroup|ModifyListener/.test(action)).sort()).toEqual([
    'autoscaling:AttachLoadBalancerTargetGroups',
    'autoscaling:DescribeLoadBalancerTargetGroups',
    'autoscaling:DetachLoadBalancerTargetGroups',
    'elasticloadbalancing:DescribeTargetGroupAttributes',
    'elasticloadbalancing:DescribeTargetGroups',
  ])
})
