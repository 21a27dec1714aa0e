import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type CheckOptions, lacking } from './check.ts'
import { type Finding, type Findings, looking, unknown, wrong } from './finding.ts'

export interface AlarmOptions extends CheckOptions {
  /** Names of metric or composite alarms, 100 at most; none unless given. */
  readonly names?: readonly string[]
}

/** Without types DescribeAlarms leaves composite alarms out (CloudWatch API Reference, 2026). */
const TYPES = ['MetricAlarm', 'CompositeAlarm'] as const

const expected = 'OK'

interface Alarm {
  readonly AlarmName?: string | undefined
  readonly StateValue?: string | undefined
  readonly StateReason?: string | undefined
}

/**
 * None of these CloudWatch alarms is in ALARM. One that has too little data, or that is not there, says nothing: it is
 * `unknown`.
 */
export async function alarmsQuiet(
  cloud: Cloud,
  service: ServiceSnapshot,
  { names = [], signal }: AlarmOptions,
): Promise<Findings> {
  if (names.length === 0) return [] // No name at all would mean: every alarm.
  const lacks = lacking(cloud, service, ['cloudwatch'], `the alarms ${names.join(', ')} to be ${expected}`)
  if (lacks.length > 0) return lacks
  return looking({ subject: `alarm ${names.join(', ')}`, expected, signal }, async () => {
    const { MetricAlarms: metric = [], CompositeAlarms: composite = [] } = await cloud
      .region(service.region)
      .cloudWatch.send(
        new DescribeAlarmsCommand({ AlarmNames: [...names], AlarmTypes: [...TYPES], MaxRecords: 100 }),
        abortable(signal),
      )
    const found = new Map<string | undefined, Alarm>(
      [...metric, ...composite].map((alarm) => [alarm.AlarmName, alarm]),
    )
    return [...new Set(names)].flatMap((name) => judge(name, service.region, found.get(name)))
  })
}

function judge(name: string, region: string, alarm: Alarm | undefined): readonly Finding[] {
  const subject = `alarm ${name}`
  if (!alarm) {
    const hint = `create it in ${region}, or correct gates.alarms in the config`
    return [unknown({ subject, expected, seen: `there is no such alarm in ${region}`, hint })]
  }
  const seen = `${alarm.StateValue}${alarm.StateReason ? `: ${alarm.StateReason}` : ''}`
  switch (alarm.StateValue) {
    case 'OK':
      return []
    case 'ALARM':
      return [wrong({ subject, expected, seen, hint: `look at the alarm and its metric in ${region}` })]
    default: {
      const hint =
        'let its metric have data; where no data means no trouble, set its TreatMissingData to notBreaching'
      return [unknown({ subject, expected, seen, hint })]
    }
  }
}
