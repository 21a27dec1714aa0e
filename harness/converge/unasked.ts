import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch'
import { formatDuration } from '../duration.ts'
import { SluiceError } from '../errors.ts'
import type { FleetName, GroupFleet } from '../strategy.ts'
import { type ActionContext, LOOK_INTERVAL } from './context.ts'
import { entryOf } from './records.ts'

/** Cloud milliseconds: what CloudWatch counts in, and how long after a minute its figures are complete. */
const MINUTE = 60_000
const COMPLETE_AFTER = 120_000
/** An Application Load Balancer counts requests, a Network Load Balancer connections. */
const REQUESTS = { Namespace: 'AWS/ApplicationELB', MetricName: 'RequestCount' }
const FLOWS = { Namespace: 'AWS/NetworkELB', MetricName: 'NewFlowCount' }
/** Cloud milliseconds after which clients that ignore TTLs are a person's concern. */
const GIVE_UP_AFTER = 3_600_000

/**
 * Waits until nobody asks a fleet that DNS no longer leads to. What resolvers were told has run out by then, also where
 * nobody knows when that was; and where CloudWatch counts its load balancer's requests, a whole minute had none: some
 * clients ignore TTLs.
 */
export async function awaitUnasked(context: ActionContext, name: FleetName): Promise<void> {
  const { clock, signal, observed, waited, cloud } = context
  const { ttl } = entryOf(context)
  const fleet = observed.fleets.find((each) => each.name === name)
  const started = clock.now()
  try {
    await clock.sleep(ttl * 1_000, signal)
    if (fleet?.kind === 'group' && cloud.supports('cloudwatch').ok) await silent(context, fleet)
  } finally {
    waited('ttl', `nobody asks ${name}`, clock.now() - started)
  }
}

async function silent(context: ActionContext, fleet: GroupFleet): Promise<void> {
  const { clock, signal } = context
  const began = clock.now()
  let from = Math.ceil(began / MINUTE) * MINUTE
  for (;;) {
    while (clock.now() < from + MINUTE + COMPLETE_AFTER) await clock.sleep(LOOK_INTERVAL, signal)
    const asked = await requestsIn(context, fleet, from)
    if (asked === 0) return
    if (clock.now() - began > GIVE_UP_AFTER) {
      throw new SluiceError(
        'cloud',
        `${fleet.name} was still asked ${asked} times in a minute, ${formatDuration(clock.now() - began)} after DNS had ceased to lead there`,
        { hint: 'find the clients that ignore the TTL, or that know its load balancer by another name' },
      )
    }
    from += MINUTE
  }
}

/** Requests that the load balancer of a fleet passed on in a minute; a metric without data is one without requests. */
async function requestsIn(
  { clients, signal }: ActionContext,
  { balancer }: GroupFleet,
  from: number,
): Promise<number> {
  if (!balancer) return 0
  const { Datapoints: points = [] } = await clients.cloudWatch.send(
    new GetMetricStatisticsCommand({
      ...(balancer.loadBalancerName.startsWith('app/') ? REQUESTS : FLOWS),
      Dimensions: [{ Name: 'LoadBalancer', Value: balancer.loadBalancerName }],
      StartTime: new Date(from),
      EndTime: new Date(from + MINUTE),
      Period: MINUTE / 1_000,
      Statistics: ['Sum'],
    }),
    { abortSignal: signal },
  )
  return points.reduce((sum, point) => sum + (point.Sum ?? 0), 0)
}
