import { type MetricDataQuery, paginateGetMetricData } from '@aws-sdk/client-cloudwatch'
import type { Cloud } from '../cloud.ts'
import { oddsEValue } from '../gate/analysis/e-value.ts'
import type { GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { type CheckOptions, groupsIn, lacking } from './check.ts'
import { DEFAULT_LIMIT, type ErrorLimit } from './error-share.ts'
import { type Findings, looking, wrong } from './finding.ts'

export interface AnsweredOptions extends CheckOptions {
  readonly limit?: ErrorLimit | undefined
  /** Cloud instant before which nothing counts: a fleet may have served other releases by the same target group. */
  readonly since?: number | undefined
}

const MINUTE = 60_000
/** Minutes that must be left for others to be left aside. */
const FEWEST = 2
/** How far back is looked, in cloud milliseconds. */
const SPAN = 3 * 60 * MINUTE
/** Wall milliseconds in which a request that was counted is answered; what is still open then is not. */
const UNDER_WAY = 2_000

/**
 * Requests that the load balancer gave to a candidate fail no more often than those that it gave to the stable fleet in
 * the same minute, by its own metrics: they tell whose a request was that nobody answered, and they count those of real
 * users too. Of four minutes or more one burst is left aside, for a machine may be lost. Before a minute is over that both have
 * served there is nothing to see.
 */
export async function requestsAnswered(
  cloud: Cloud,
  service: ServiceSnapshot,
  { limit = DEFAULT_LIMIT, since = 0, signal }: AnsweredOptions,
): Promise<Findings> {
  const serving = groupsIn(service, {})
  const stable = serving.find(({ role }) => role === 'stable')
  const others = serving.filter((fleet) => fleet !== stable)
  if (!stable || others.length === 0) return []
  const expected = `requests that fail no more often than those to ${stable.name}`
  const lacks = lacking(cloud, service, ['cloudwatch', 'data-plane'], expected)
  if (lacks.length > 0) return lacks
  return looking({ subject: service.scope, expected, signal }, async () => {
    const counts = await countsOf(cloud, service, [stable, ...others], signal)
    const settled = cloud.clock.now() - UNDER_WAY * cloud.clock.scale
    const failed = (fleet: GroupFleet): readonly Minute[] =>
      failures(counts.get(fleet.name) ?? [], settled).filter(({ start }) => start >= since)
    return others.flatMap((fleet) =>
      compared(fleet, stable, failed(fleet), failed(stable), { expected, limit }),
    )
  })
}

/** What a target group was given and has answered in a minute; of its answers, those that were server errors. */
export interface Counted {
  readonly start: number
  readonly requests: number
  readonly answered: number
  readonly broken: number
}

export interface Minute {
  readonly start: number
  readonly requests: number
  readonly failed: number
}

/** Pure. What was answered in a later minute than it was asked in is taken from the last ones that lack answers. */
export function failures(counted: readonly Counted[], settled: number): readonly Minute[] {
  const open = counted.map(({ requests, answered }) => requests - answered)
  for (const [at, own] of open.entries()) {
    let late = Math.max(0, -own)
    open[at] = Math.max(0, own)
    for (let before = at - 1; before >= 0 && late > 0; before--) {
      const taken = Math.min(open[before] ?? 0, late)
      open[before] = (open[before] ?? 0) - taken
      late -= taken
    }
  }
  return counted.map(({ start, requests, broken }, at) => {
    const unanswered = start + MINUTE <= settled ? (open[at] ?? 0) : 0
    return { start, requests, failed: unanswered + broken }
  })
}

function compared(
  fleet: GroupFleet,
  stable: GroupFleet,
  own: readonly Minute[],
  other: readonly Minute[],
  { expected, limit }: { readonly expected: string; readonly limit: ErrorLimit },
): Findings {
  const both = own.flatMap((minute) => {
    const beside = other.find(({ start }) => start === minute.start)
    return beside && beside.requests > 0 && minute.requests > 0 ? { minute, beside } : []
  })
  const weighed = exceptOneBurst(both, ({ minute }) => minute)
  const eValue = oddsEValue(
    weighed.map(({ minute, beside }) => ({
      errors: minute.failed,
      others: beside.failed,
      share: minute.requests / (minute.requests + beside.requests),
    })),
  )
  if (eValue < 1 / limit.alpha) return []
  const sum = (each: readonly Minute[], key: 'failed' | 'requests'): number =>
    each.reduce((total, minute) => total + minute[key], 0)
  const told = (each: readonly Minute[]): string =>
    `${sum(each, 'failed')} of ${sum(each, 'requests')} requests failed`
  const [mine, theirs] = [weighed.map(({ minute }) => minute), weighed.map(({ beside }) => beside)]
  return [
    wrong({
      subject: fleet.name,
      expected,
      seen: `${told(mine)} by the metrics of the load balancer${weighed.length < both.length ? ', the worst two minutes left aside' : ''}, of ${stable.name} ${told(theirs)}`,
      hint: `look at RequestCount, HTTPCode_Target_5XX_Count and the access logs of ${fleet.targetGroupArn}`,
    }),
  ]
}

/**
 * All but the worst minute and the worse of its neighbours: within them a machine may have been lost, which befalls any
 * release, while a release that is at fault fails in the other minutes too. Where hardly a minute would be left, all count.
 */
export function exceptOneBurst<Each>(
  given: readonly Each[],
  minuteOf: (each: Each) => Minute,
): readonly Each[] {
  const failed = (each: Each | undefined): number => (each ? minuteOf(each).failed : -1)
  const [worst] = given.toSorted((a, b) => failed(b) - failed(a))
  if (worst === undefined || failed(worst) === 0) return given
  const at = minuteOf(worst).start
  const [beside] = given
    .filter((each) => Math.abs(minuteOf(each).start - at) === MINUTE)
    .toSorted((a, b) => failed(b) - failed(a))
  const rest = given.filter((each) => each !== worst && each !== beside)
  return rest.length < FEWEST ? given : rest
}

/** Of the load balancer that leads users to a fleet. */
const balancerName = ({ entry }: ServiceSnapshot, { balancer }: GroupFleet): string =>
  balancer?.loadBalancerName ?? (entry.via === 'dns' ? '' : entry.loadBalancerName)

const ANSWERS = [2, 3, 4, 5].map((digit) => `HTTPCode_Target_${digit}XX_Count`)
const METRICS = ['RequestCount', ...ANSWERS]

/** By fleet, minute by minute; "CloudWatch metrics for your Application Load Balancer", ALB guide, 2026: no zeros are told. */
async function countsOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleets: readonly GroupFleet[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly Counted[]>> {
  const now = cloud.clock.now()
  const client = cloud.region(service.region).cloudWatch
  const queries = fleets.flatMap((fleet, at) =>
    METRICS.map((MetricName, metric): MetricDataQuery => {
      const group = fleet.targetGroupArn.slice(fleet.targetGroupArn.lastIndexOf(':') + 1)
      const Dimensions = [
        { Name: 'LoadBalancer', Value: balancerName(service, fleet) },
        { Name: 'TargetGroup', Value: group },
      ]
      const Metric = { Namespace: 'AWS/ApplicationELB', MetricName, Dimensions }
      return { Id: `f${at}m${metric}`, MetricStat: { Metric, Period: MINUTE / 1_000, Stat: 'Sum' } }
    }),
  )
  const span = { StartTime: new Date(now - SPAN), EndTime: new Date(now), MetricDataQueries: queries }
  const sums = new Map<string, Map<number, number>>()
  for await (const page of paginateGetMetricData({ client }, span, { abortSignal: signal })) {
    for (const { Id: id = '', Timestamps: times = [], Values: values = [] } of page.MetricDataResults ?? []) {
      const known = sums.get(id) ?? new Map<number, number>()
      sums.set(id, known)
      for (const [i, time] of times.entries()) known.set(time.getTime(), values[i] ?? 0)
    }
  }
  return new Map(fleets.map(({ name }, at) => [name, minutesOf((metric) => sums.get(`f${at}m${metric}`))]))
}

function minutesOf(sumsOf: (metric: number) => ReadonlyMap<number, number> | undefined): readonly Counted[] {
  const times = new Set(METRICS.flatMap((_, metric) => [...(sumsOf(metric)?.keys() ?? [])]))
  const at = (metric: number, time: number): number => sumsOf(metric)?.get(time) ?? 0
  return [...times]
    .sort((a, b) => a - b)
    .map((start) => ({
      start,
      requests: at(0, start),
      answered: ANSWERS.reduce((sum, _, i) => sum + at(i + 1, start), 0),
      broken: at(ANSWERS.length, start),
    }))
}
