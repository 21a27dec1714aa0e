import {
  type Change,
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  PriorRequestNotComplete,
  type ResourceRecordSet,
} from '@aws-sdk/client-route-53'
import { SluiceError } from '../errors.ts'
import type { DnsEntry, FleetName, FleetSnapshot, RecordSnapshot } from '../strategy.ts'
import { type Action, describeShares, type Shares } from './action.ts'
import { type ActionContext, LOOK_INTERVAL } from './context.ts'
import { addressesOf } from './instance-fleet.ts'
import { recordsOf } from './observe-dns.ts'

type SetRecords = Extract<Action, { readonly kind: 'set-records' }>

/** Route 53 takes weights from 0 to 255 (Route 53 API reference, ResourceRecordSet). */
const HEAVIEST = 255

/**
 * One transaction for every record of the name: at no instant is a resolver answered by a mixture of old and new
 * weights. Then waits until Route 53's servers answer by it, and until what resolvers were told before has run out, and
 * reads it back.
 */
export async function setRecords(context: ActionContext, { shares, ttl, reason }: SetRecords): Promise<void> {
  const entry = entryOf(context)
  refuseUnsound(shares)
  const live = await liveRecords(context, entry)
  const wanted = await Promise.all(
    Object.entries(shares).map(([fleet, weight]) => recordFor(context, entry, { fleet, weight, ttl })),
  )
  const gone = live.filter((record) => !wanted.some(({ SetIdentifier: id }) => id === record.SetIdentifier))
  const changes: Change[] = [
    ...gone.map((record): Change => ({ Action: 'DELETE', ResourceRecordSet: record })),
    ...wanted.map((record): Change => ({ Action: 'UPSERT', ResourceRecordSet: record })),
  ]
  await inSync(context, await change(context, entry, changes))
  // A release takes away what led nobody any more, and a longer TTL is kept by nobody yet.
  if (reason !== 'release') await runOut(context, entry, live)
  verify(shares, wanted, await liveRecords(context, entry))
}

export function entryOf({ observed }: ActionContext): DnsEntry {
  if (observed.entry.via === 'dns') return observed.entry
  throw new SluiceError('internal', `${observed.scope} is not reached by DNS`)
}

/** Where every weight is 0, Route 53 answers with all records alike. */
function refuseUnsound(shares: Shares): void {
  const weights = Object.values(shares)
  const sound = weights.every((weight) => Number.isInteger(weight) && weight >= 0 && weight <= HEAVIEST)
  if (sound && weights.some((weight) => weight > 0)) return
  throw new SluiceError('internal', `records cannot have the weights ${describeShares(shares)}`)
}

const liveRecords = async (
  { clients, signal }: ActionContext,
  { zone, dnsName, type }: DnsEntry,
): Promise<ResourceRecordSet[]> =>
  (await recordsOf(clients, zone.id, dnsName, signal)).filter((record) => record.Type === type)

/** As its fleet's record was found, or else as the stable fleet's was, leading to the fleet itself. */
async function recordFor(
  context: ActionContext,
  entry: DnsEntry,
  { fleet: name, weight, ttl }: { fleet: FleetName; weight: number; ttl: number | undefined },
): Promise<ResourceRecordSet> {
  const { fleets } = context.observed
  const fleet = fleets.find((each) => each.name === name)
  if (!fleet) throw new SluiceError('internal', `fleet ${name} was not observed`)
  const own = entry.records.find((record) => record.fleet === name)
  const stable = fleets.find(({ role }) => role === 'stable')?.name
  const model = own ?? entry.records.find((record) => record.fleet === stable) ?? entry.records[0]
  return {
    Name: entry.dnsName,
    Type: entry.type,
    SetIdentifier: own?.setIdentifier ?? name,
    Weight: weight,
    ...(await answerOf(context, entry, { fleet, model, own, weight, ttl })),
    ...(own?.healthCheckId === undefined ? {} : { HealthCheckId: own.healthCheckId }),
  }
}

interface Answering {
  readonly fleet: FleetSnapshot
  readonly own: RecordSnapshot | undefined
  readonly model: RecordSnapshot | undefined
  readonly weight: number
  readonly ttl: number | undefined
}

async function answerOf(
  context: ActionContext,
  entry: DnsEntry,
  { fleet, own, model, weight, ttl }: Answering,
): Promise<Pick<ResourceRecordSet, 'AliasTarget' | 'TTL' | 'ResourceRecords'>> {
  if (fleet.kind === 'instances') {
    // A record that leads nobody anywhere must say something all the same; nobody waits for a look at its instances.
    const known = weight === 0 ? own?.values : undefined
    const values = known ?? (await addressesOf(context, fleet.name))
    return { TTL: ttl ?? entry.ttl, ResourceRecords: values.map((Value) => ({ Value })) }
  }
  if (own?.alias) return { AliasTarget: aliasOf(own.alias) }
  if (!fleet.balancer)
    throw new SluiceError('internal', `fleet ${fleet.name} has no load balancer of its own`)
  const { hostedZoneId, dnsName } = fleet.balancer
  const { evaluateTargetHealth = false } = model?.alias ?? {}
  return { AliasTarget: aliasOf({ hostedZoneId, dnsName, evaluateTargetHealth }) }
}

const aliasOf = ({
  hostedZoneId,
  dnsName,
  evaluateTargetHealth,
}: NonNullable<RecordSnapshot['alias']>): ResourceRecordSet['AliasTarget'] => ({
  HostedZoneId: hostedZoneId,
  DNSName: dnsName,
  EvaluateTargetHealth: evaluateTargetHealth,
})

async function change(
  { clients, clock, signal, deployment }: ActionContext,
  { zone }: DnsEntry,
  changes: Change[],
): Promise<string> {
  for (;;) {
    try {
      const { ChangeInfo: made } = await clients.route53.send(
        new ChangeResourceRecordSetsCommand({
          HostedZoneId: zone.id,
          ChangeBatch: { Comment: `sluice ${deployment}`, Changes: changes },
        }),
        { abortSignal: signal },
      )
      if (made?.Id) return made.Id
      throw new SluiceError('cloud', 'Route 53 changed records and named no change')
    } catch (thrown) {
      // Another change of the zone is still being taken in.
      if (!(thrown instanceof PriorRequestNotComplete)) throw thrown
      await clock.sleep(LOOK_INTERVAL, signal)
    }
  }
}

/** GetChange is the only proof that Route 53's servers answer by a change. */
async function inSync({ clients, clock, signal, waited }: ActionContext, Id: string): Promise<void> {
  const started = clock.now()
  try {
    for (;;) {
      const { ChangeInfo: info } = await clients.route53.send(new GetChangeCommand({ Id }), {
        abortSignal: signal,
      })
      if (info?.Status === 'INSYNC') return
      await clock.sleep(LOOK_INTERVAL, signal)
    }
  } finally {
    waited('propagation', 'records in sync', clock.now() - started)
  }
}

async function runOut(
  { clock, signal, waited }: ActionContext,
  entry: DnsEntry,
  before: readonly ResourceRecordSet[],
): Promise<void> {
  const seconds = Math.max(...before.map(({ TTL }) => TTL ?? entry.ttl))
  const started = clock.now()
  try {
    await clock.sleep(seconds * 1_000, signal)
  } finally {
    waited('ttl', 'answers given before run out', clock.now() - started)
  }
}

/** What the API says now is what counts. */
function verify(
  shares: Shares,
  wanted: readonly ResourceRecordSet[],
  stored: readonly ResourceRecordSet[],
): void {
  const agrees =
    stored.length === wanted.length &&
    wanted.every(({ SetIdentifier: id, Weight: weight, TTL: ttl }) =>
      stored.some((record) => record.SetIdentifier === id && record.Weight === weight && record.TTL === ttl),
    )
  if (agrees) return
  const read = stored.map(({ SetIdentifier: id, Weight: weight }) => `${id} ${weight}`).join(', ')
  throw new SluiceError(
    'cloud',
    `asked for records ${describeShares(shares)}, but Route 53 reads back ${read}`,
    {
      hint: 'something else changes these records; find it before you deploy again',
    },
  )
}
