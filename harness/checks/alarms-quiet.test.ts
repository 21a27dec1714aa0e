import { PutMetricAlarmCommand, SetAlarmStateCommand, type StateValue } from '@aws-sdk/client-cloudwatch'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { realClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { alarmsQuiet } from './alarms-quiet.ts'

let embedded: EmbeddedCloud
let cloud: Cloud
beforeAll(async () => {
  embedded = await createEmbeddedCloud({ clock: realClock, settle: 'instant' })
  cloud = connectCloud(embedded.address)
})
afterAll(async () => {
  await cloud[Symbol.asyncDispose]()
  await embedded[Symbol.asyncDispose]()
})

const service = { scope: 'orders@us-east-1', region: 'us-east-1' } as ServiceSnapshot

/** An alarm in this state, for a reason that names it. */
async function alarm(AlarmName: string, StateValue: StateValue): Promise<void> {
  const { cloudWatch } = cloud.region()
  await cloudWatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      Namespace: 'shop',
      MetricName: 'failures',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
  )
  await cloudWatch.send(
    new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: `because ${AlarmName}` }),
  )
}

test('an alarm that has gone off is a fact, with its reason; those that were not named are not looked at', async () => {
  await alarm('loud', 'ALARM')
  await alarm('quiet', 'OK')
  expect(await alarmsQuiet(cloud, service, { names: ['quiet'] })).toEqual([])
  expect(await alarmsQuiet(cloud, service, { names: [] })).toEqual([])
  expect(await alarmsQuiet(cloud, service, { names: ['quiet', 'loud'] })).toMatchObject([
    { severity: 'wrong', subject: 'alarm loud', expected: 'OK', seen: 'ALARM: because loud' },
  ])
})

test('an alarm without data and one that is not there say nothing, and what to do', async () => {
  await alarm('blind', 'INSUFFICIENT_DATA')
  expect(await alarmsQuiet(cloud, service, { names: ['blind', 'absent'] })).toMatchObject([
    {
      severity: 'unknown',
      subject: 'alarm blind',
      seen: 'INSUFFICIENT_DATA: because blind',
      hint: expect.stringContaining('notBreaching'),
    },
    { severity: 'unknown', subject: 'alarm absent', seen: 'there is no such alarm in us-east-1' },
  ])
})

test('a cloud without alarms is told as lacking them', async () => {
  await using without = connectCloud({ ...embedded.address, lacks: { cloudwatch: 'not built' } })
  expect(await alarmsQuiet(without, service, { names: ['quiet'] })).toMatchObject([
    { severity: 'unknown', lacks: 'this cloud has no cloudwatch: not built' },
  ])
})
