import type { Dispatcher } from 'undici'
import type { WallClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { Lane } from '../gate.ts'
import type { Probe, ProbeSpec, Samples } from '../probe.ts'
import { type Aggregate, createAggregate, type EndedRequest } from './aggregate.ts'
import { createAsk, type Guise } from './ask.ts'
import { createLane, type Send } from './lane.ts'
import { type LongRequests, startLongRequests } from './long.ts'
import { nothingWritten } from './messages.ts'
import { createPopulation, type Population } from './population.ts'
import { startSchedule } from './schedule.ts'
import { createStickyLane } from './sticky.ts'
import { createWrites, type Writes } from './writes.ts'

export type BucketListener = Parameters<Probe['onBucket']>[0]

export interface ProbeOptions {
  /**
   * What the lane `fresh` sends over; nothing else may use it. Without one the cloud's dispatcher serves both lanes,
   * which is right only where there are no connections to keep (the in-process transport of simulation).
   */
  readonly fresh?: Dispatcher
  /** The stage in force until the first `enter`. */
  readonly stage?: string
}

/** Requests under way beyond which further ones are dropped and counted as such: sockets are not endless. */
const MOST_UNDER_WAY = 8_192

/**
 * A probe in this thread; it starts at once and does not own the cloud. Whatever else the thread does shows in its
 * schedule, so a deployment uses `startProbe`, which gives it a thread of its own. Listeners must not throw.
 */
export function createProbe(spec: ProbeSpec, cloud: Cloud, options: ProbeOptions = {}): Probe {
  validate(spec)
  const { clock } = cloud
  const aggregate = createAggregate(spec.versions, clock.now())
  let client: Client | undefined
  const guise = everyOther(() => client)
  const writes = createLedger(spec, cloud, guise)
  const population = spec.dns && createPopulation(options.fresh ?? cloud.dispatcher, spec, spec.dns, cloud)
  const most = spec.most ?? Number.POSITIVE_INFINITY
  const traffic = createTraffic(
    createTurns(spec, cloud, options, { writes, population }, guise),
    aggregate,
    clock.wall,
    most,
  )
  let stage = options.stage ?? 'baseline'
  const schedule = startSchedule({
    rate: spec.rate,
    wall: clock.wall,
    due: (index, planned, lag) => traffic.send(index, planned, lag, stage),
    missed: (count) => aggregate.missed(stage, count),
  })

  const long = startLong(spec, cloud, () => stage, aggregate)

  const listeners: BucketListener[] = []
  const closeBucket = (): void => {
    bucketTimer.cancel()
    bucketTimer = clock.wall.timer(spec.bucket, closeBucket)
    for (const { bucket, samples } of aggregate.close(stage, clock.now(), traffic.overdue())) {
      for (const listener of listeners) listener(bucket, samples)
    }
  }
  let bucketTimer = clock.wall.timer(spec.bucket, closeBucket)

  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    schedule.stop()
    long?.stop()
    await traffic.ended()
    population?.close()
    closeBucket()
    bucketTimer.cancel()
  }
  const refuseWhenStopped = (): void => {
    if (stopped) throw new SluiceError('internal', 'the probe was stopped already')
  }

  return {
    async enter(next, as) {
      refuseWhenStopped()
      schedule.catchUp()
      closeBucket()
      stage = next
      client = as
    },
    onBucket: (listener) => void listeners.push(listener),
    async flush() {
      refuseWhenStopped()
      closeBucket()
    },
    async readBack(when) {
      refuseWhenStopped()
      if (!writes) return nothingWritten
      const report = await writes.readBack(when, (version, remark) => {
        aggregate.planned(stage, 0)
        aggregate.sent(stage)
        const request = {
          lane: 'write-then-read',
          outcome: 'lost-write',
          version,
          latency: 0,
          remark,
        } as const
        aggregate.ended(stage, request)
      })
      if (!stopped) closeBucket()
      return report
    },
    [Symbol.asyncDispose]() {
      stopped ??= stop()
      return stopped
    },
  }
}

/** Wall milliseconds without an answer after which a request is no longer just on its way. */
const OVERDUE = 1_000

interface UnderWay {
  readonly stage: string
  readonly planned: number
}

interface Traffic {
  /** Sends request `index`, over the lane whose turn it is, and counts it for `stage` whenever it ends. */
  send(index: number, planned: number, lag: number, stage: string): void
  /** How many requests have been under way for too long, by the stage they were sent in. */
  overdue(): ReadonlyMap<string, number>
  /** Resolves when no request is under way; each ends by its own deadline, so this ends too. No more may be sent. */
  ended(): Promise<void>
}

function createTraffic(turn: Turns, aggregate: Aggregate, wall: WallClock, most: number): Traffic {
  const idle = Promise.withResolvers<void>()
  const underWay = new Set<UnderWay>()
  let awaited = false
  const settle = (): void => {
    if (awaited && underWay.size === 0) idle.resolve()
  }
  return {
    send(index, planned, lag, stage) {
      aggregate.planned(stage, lag)
      if (underWay.size >= MOST_UNDER_WAY || index >= most) {
        aggregate.dropped(stage)
        return
      }
      const own: UnderWay = { stage, planned }
      underWay.add(own)
      const { lane, send } = turn(index)
      let counted = false
      const countSent = (): void => {
        if (!counted) aggregate.sent(stage)
        counted = true
      }
      send({
        started: countSent,
        ended(outcome, version, remark, answer) {
          underWay.delete(own)
          if (outcome === 'unsent') aggregate.dropped(stage)
          else {
            countSent()
            const latency = wall.now() - planned
            aggregate.ended(stage, { lane, outcome, version, latency, remark, answer })
          }
          settle()
        },
      })
    },
    overdue() {
      const late = new Map<string, number>()
      const limit = wall.now() - OVERDUE
      // In the order of sending: the first that is young enough ends the search.
      for (const { stage, planned } of underWay) {
        if (planned > limit) break
        late.set(stage, (late.get(stage) ?? 0) + 1)
      }
      return late
    },
    ended() {
      awaited = true
      settle()
      return idle.promise
    },
  }
}

interface NamedLane {
  readonly lane: Lane
  readonly send: Send
}

/** Which lane request `index` goes over. */
type Turns = (index: number) => NamedLane

/** One request in so many comes from a client that keeps its cookies. */
const STICKY_EVERY = 10
/** And one in so many from one that resolves the service's name itself. */
const DNS_EVERY = 10

/** One request in so many writes or reads back what was written, and no more than so many a second do. */
const WRITES_EVERY = 10
const MOST_WRITES_A_SECOND = 20

function createTurns(
  spec: ProbeSpec,
  cloud: Cloud,
  options: ProbeOptions,
  {
    writes,
    population,
  }: { readonly writes: Writes | undefined; readonly population: Population | undefined },
  guise: Guise,
): Turns {
  const { wall } = cloud.clock
  const ofOwn = options.fresh ?? cloud.dispatcher
  const fresh: NamedLane = { lane: 'fresh', send: createLane('fresh', ofOwn, spec, wall, guise) }
  const kept: NamedLane = {
    lane: 'keep-alive',
    send: createLane('keep-alive', cloud.dispatcher, spec, wall, guise),
  }
  const sticky: NamedLane | undefined = spec.sticky && {
    lane: 'sticky',
    send: createStickyLane(cloud.dispatcher, spec, spec.sticky, wall),
  }
  const dns: NamedLane | undefined = population && { lane: 'dns', send: population.send }
  const every = Math.max(WRITES_EVERY, Math.ceil(spec.rate / MOST_WRITES_A_SECOND))
  return (index) => {
    const send = index % every === 0 ? writes?.next() : undefined
    if (send) return { lane: 'write-then-read', send }
    if (sticky && index % STICKY_EVERY === 1) return sticky
    if (dns && index % DNS_EVERY === 2) return dns
    return index % 2 === 0 ? fresh : kept
  }
}

type Client = Readonly<Record<string, string>>

/** Half of the requests are sent as the client, if there is one: two of four, so that both lanes have their share. */
function everyOther(client: () => Client | undefined): Guise {
  let sent = 0
  return () => {
    sent += 1
    return sent % 4 < 2 ? client() : undefined
  }
}

function createLedger(
  { url, timeout, versions, writes }: ProbeSpec,
  cloud: Cloud,
  guise: Guise,
): Writes | undefined {
  if (!writes) return undefined
  const { origin } = new URL(url)
  const { wall } = cloud.clock
  const ask = createAsk(cloud.dispatcher, origin, timeout, wall, guise)
  return createWrites({ spec: writes, origin, ask, versions, wall })
}

function startLong(
  { url, versions, long }: ProbeSpec,
  cloud: Cloud,
  stage: () => string,
  aggregate: Aggregate,
): LongRequests | undefined {
  if (!long) return undefined
  const { wall } = cloud.clock
  const ask = createAsk(cloud.dispatcher, new URL(url).origin, long.timeout, wall)
  const count = (sentIn: string, request: EndedRequest): void => {
    aggregate.planned(sentIn, 0)
    aggregate.sent(sentIn)
    aggregate.ended(sentIn, request)
  }
  return startLongRequests({ spec: long, ask, versions, wall, stage, count })
}

function validate(spec: ProbeSpec): void {
  const problems: string[] = []
  const protocol = URL.parse(spec.url)?.protocol
  if (protocol !== 'http:' && protocol !== 'https:') problems.push(`url: no http(s) URL: ${spec.url}`)
  for (const key of ['rate', 'timeout', 'bucket'] as const) {
    const value = spec[key]
    if (!(value > 0 && Number.isFinite(value))) problems.push(`${key}: must be above 0, is ${value}`)
  }
  if (problems.length > 0) throw new SluiceError('config', `the probe cannot start: ${problems.join('; ')}`)
}

/** What travels with a bucket without being copied. */
export const buffersOf = (samples: Samples): ArrayBuffer[] =>
  Object.values(samples).map((array) => array.buffer as ArrayBuffer)
