import { DescribeAlarmsCommand, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch'
import { DescribeLoadBalancersCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectCloud } from '../connect/index.ts'
import type { JournalEvent } from '../journal/event.ts'
import { expectAsBefore, only } from './deploy-process.ts'
import { sampleAccount } from './sample-account.ts'

const PATIENT = { timeout: 90_000 }
const ALARM = 'shop-5xx'

/** Judges by nothing that the errors of one request in thirty could prove in so short a time. */
const LENIENT = { errorRate: { ceiling: 0.5, alpha: 1e-60 }, latency: { p99: '5s' }, minRequests: 50 }

let account: Awaited<ReturnType<typeof sampleAccount>>
beforeAll(async () => {
  account = await sampleAccount(async (cloud) => {
    const { cloudWatch, elbv2 } = cloud.region()
    const { LoadBalancers: [balancer] = [] } = await elbv2.send(new DescribeLoadBalancersCommand({}))
    await cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName: ALARM,
        Namespace: 'AWS/ApplicationELB',
        MetricName: 'HTTPCode_Target_5XX_Count',
        Dimensions: [{ Name: 'LoadBalancer', Value: balancer?.LoadBalancerArn?.split(':loadbalancer/')[1] }],
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      }),
    )
    const userData = { version: '1.2.0', defects: [{ kind: 'error', rate: 0.03 }] }
    return {
      releases: {
        old: { version: '1.0.0' },
        new: { version: '1.1.0', userData: { version: '1.1.0' } },
        errors: { version: '1.2.0', userData },
      },
      strategy: { name: 'canary', options: { steps: [50, 100], bake: '3m', extend: '5m' } },
      gates: { ...LENIENT, alarms: [ALARM] },
    }
  })
})
afterAll(() => account[Symbol.asyncDispose]())

async function deploy(...args: readonly string[]) {
  const env = { SLUICE_CLOUD: account.embedded.endpoint, AWS_REGION: 'eu-west-1' }
  const { code, out, err } = await account.sluice(['deploy', '--json', ...args], { env })
  const events = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as JournalEvent)
  const gates = only(events, 'gate-ended')
  return { code, err, events, gates, last: gates.at(-1) }
}

test('an alarm on errors of targets turns a bad release back, by its own evidence', PATIENT, async () => {
  const { code, err, events, last } = await deploy('--release', 'errors')
  expect(code, err).toBe(3)
  expect(last?.verdict.sentence).toMatch(/^alarm shop-5xx went off: ALARM: Threshold Crossed: 1 out of/)
  expect(last?.verdict.evidence).toMatchObject([{ metric: 'alarms', status: 'failed' }])
  expectAsBefore(events)
})

test('the alarm lets a good release through', PATIENT, async () => {
  const { code, err, gates } = await deploy()
  expect(code, err).toBe(0)
  const said = gates.map(
    ({ verdict }) => verdict.evidence.find(({ metric }) => metric === 'alarms')?.sentence,
  )
  expect(new Set(said)).toEqual(new Set(['the alarm shop-5xx is OK']))
})

test.each([
  ['ALARM', 'breaching', 3],
  ['INSUFFICIENT_DATA', 'missing', 4],
] as const)(
  'an alarm in %s before a deployment refuses it',
  PATIENT,
  async (state, TreatMissingData, exit) => {
    await using cloud = connectCloud(account.embedded.address)
    const { cloudWatch } = cloud.region()
    // Of what nobody counts, so it stays as it is.
    const nothing = { Namespace: 'Shop', MetricName: 'Nothing', Statistic: 'Sum', Period: 60 } as const
    const when = { EvaluationPeriods: 1, Threshold: 0, ComparisonOperator: 'GreaterThanThreshold' } as const
    await cloudWatch.send(
      new PutMetricAlarmCommand({ AlarmName: ALARM, ...nothing, ...when, TreatMissingData }),
    )
    const now = async () => {
      const { MetricAlarms } = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: [ALARM] }))
      return MetricAlarms?.[0]?.StateValue
    }
    await expect.poll(now, { timeout: 20_000 }).toBe(state)
    const { code, err, gates, events } = await deploy('--release', 'old')
    expect(code, err).toBe(exit)
    const why = expect.stringMatching(new RegExp(`alarm ${ALARM}.*${state}`))
    expect(gates[0]).toMatchObject({ phase: 'pre-deploy', verdict: { sentence: why } })
    expect(only(events, 'stage-started')).toEqual([])
  },
)
