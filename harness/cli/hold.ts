import { hostname, userInfo } from 'node:os'
import { wallClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import type { Config } from '../config.ts'
import { formatDuration } from '../duration.ts'
import { SluiceError } from '../errors.ts'
import type { ServiceRef } from '../gate.ts'
import type { Lease, LeaseRecord } from '../journal/lease.ts'
import type { StateBucket } from '../journal/state-bucket.ts'
import { hashPlan } from '../plan.ts'
import { scopeOf as scopeAt } from '../scope.ts'
import type { Plan } from '../strategy.ts'
import type { Invocation } from './main.ts'
import type { Scene } from './scene.ts'

/** User and host, as far as the system tells. */
export function whoami(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    return `somebody@${hostname()}` // A container's user need not have a name.
  }
}

/** The scope that commands speak of: of several services or regions, the first. */
export const scopeOf = ({ service }: Pick<Config, 'service'>): string => scopeAt(service)

/**
 * The bucket in which deployments from several machines find each other; undefined where there are none to find: the
 * embedded cloud is its deployment's own, and a cloud without S3 has nothing to agree in.
 */
async function stateBucket(
  config: Pick<Config, 'cloud' | 'state'>,
  { region }: Pick<ServiceRef, 'region'>,
  cloud: Cloud,
  make: boolean,
  signal: AbortSignal,
): Promise<StateBucket | undefined> {
  if (config.cloud.kind === 'embedded' || !cloud.supports('s3').ok) return undefined
  const { openStateBucket } = await import('../journal/state-bucket.ts')
  const place = { s3: cloud.region(region).s3, account: cloud.address.account, region }
  return openStateBucket(place, config.state, make, signal)
}

/** What is written about who holds a service, or held it last, and where. */
export interface Held {
  readonly bucket: StateBucket
  readonly record: LeaseRecord
}

/** Who holds one service, or held it last; undefined where nobody ever did. Changes nothing. */
export async function holderOf(
  config: Config,
  ref: ServiceRef,
  cloud: Cloud,
  signal: AbortSignal,
): Promise<Held | undefined> {
  const bucket = await stateBucket(config, ref, cloud, false, signal)
  if (!bucket) return undefined
  const { readLease } = await import('../journal/lease.ts')
  const found = await readLease(bucket, scopeAt(ref), signal)
  return found && { bucket, record: found.record }
}

/** Who holds what a config deploys, or held it last: of several services, the first that is held. Changes nothing. */
export async function heldBy(config: Config, cloud: Cloud, signal: AbortSignal): Promise<Held | undefined> {
  const found = await Promise.all(config.sites.map(({ ref }) => holderOf(config, ref, cloud, signal)))
  return found.find((each) => each?.record.state === 'held') ?? found.find((each) => each)
}

/** What was planned, and perhaps confirmed, was planned before the service was held. Throws when it would be another plan now. */
export function sameStill({ name }: Config, planned: Plan, now: Plan): void {
  if (hashPlan(now) === hashPlan(planned)) return
  throw new SluiceError('precondition', `${name} has changed since the plan was drawn`, {
    hint: 'look at it with `sluice status`, and begin again; nothing was touched',
  })
}

interface Holding {
  readonly id: string
  readonly plan: Plan
  readonly refs: readonly ServiceRef[]
}

/**
 * Takes every service for one deployment, or throws `busy` and takes none; from then on only who holds them can change
 * anything. They are taken in the order of their names, so that of two deployments that want the same ones either gets all.
 */
export async function hold(
  invocation: Invocation,
  config: Config,
  scene: Scene,
  { id, plan, refs }: Holding,
): Promise<Lease | undefined> {
  const leases: Lease[] = []
  try {
    for (const ref of [...refs].sort((a, b) => (scopeAt(a) < scopeAt(b) ? -1 : 1))) {
      const bucket = await stateBucket(config, ref, scene.cloud, true, invocation.interrupt)
      if (bucket) leases.push(await holdOne(invocation, bucket, scopeAt(ref), { id, plan }))
    }
  } catch (thrown) {
    await Promise.all(leases.map((lease) => lease[Symbol.asyncDispose]()))
    throw thrown
  }
  const [only] = leases
  if (!only) return undefined
  const lease = leases.length === 1 ? only : (await import('../journal/joint-lease.ts')).jointLease(leases)
  scene.fence(() => lease.check())
  return lease
}

async function holdOne(
  { output, interrupt }: Invocation,
  bucket: StateBucket,
  scope: string,
  { id, plan }: Pick<Holding, 'id' | 'plan'>,
): Promise<Lease> {
  const { acquireLease } = await import('../journal/lease.ts')
  const { strategy, from, to } = plan
  const holder = `${whoami()}, process ${process.pid}`
  return await acquireLease(
    { scope, deployment: id, holder, strategy, from, to },
    {
      bucket,
      wall: wallClock,
      signal: interrupt,
      onWait: ({ deployment, holder, renewed }, ms) =>
        output.people(
          `${scope} is held by deployment ${deployment} of ${holder}, last heard of ${renewed}: looking for ${formatDuration(ms)} whether it is alive\n`,
        ),
    },
  )
}
