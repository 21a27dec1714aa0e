import { hostname, userInfo } from 'node:os'
import { wallClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import type { Config } from '../config.ts'
import { formatDuration } from '../duration.ts'
import { SluiceError } from '../errors.ts'
import type { Lease, LeaseRecord } from '../journal/lease.ts'
import type { StateBucket } from '../journal/state-bucket.ts'
import { hashPlan } from '../plan.ts'
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

export const scopeOf = ({ service }: Config): string => `${service.name}@${service.region}`

/**
 * The bucket in which deployments from several machines find each other; undefined where there are none to find: the
 * embedded cloud is its deployment's own, and a cloud without S3 has nothing to agree in.
 */
async function stateBucket(
  config: Config,
  cloud: Cloud,
  make: boolean,
  signal: AbortSignal,
): Promise<StateBucket | undefined> {
  if (config.cloud.kind === 'embedded' || !cloud.supports('s3').ok) return undefined
  const { openStateBucket } = await import('../journal/state-bucket.ts')
  const { region } = config.service
  const place = { s3: cloud.region(region).s3, account: cloud.address.account, region }
  return openStateBucket(place, config.state, make, signal)
}

/** What is written about who holds a service, or held it last, and where. */
export interface Held {
  readonly bucket: StateBucket
  readonly record: LeaseRecord
}

/** Who holds the service, or held it last; undefined where nobody ever did. Changes nothing. */
export async function heldBy(config: Config, cloud: Cloud, signal: AbortSignal): Promise<Held | undefined> {
  const bucket = await stateBucket(config, cloud, false, signal)
  if (!bucket) return undefined
  const { readLease } = await import('../journal/lease.ts')
  const found = await readLease(bucket, scopeOf(config), signal)
  return found && { bucket, record: found.record }
}

/** What was planned, and perhaps confirmed, was planned before the service was held. Throws when it would be another plan now. */
export function sameStill({ service }: Config, planned: Plan, now: Plan): void {
  if (hashPlan(now) === hashPlan(planned)) return
  throw new SluiceError('precondition', `${service.name} has changed since the plan was drawn`, {
    hint: 'look at it with `sluice status`, and begin again; nothing was touched',
  })
}

/** Takes the service for one deployment, or throws `busy`; from then on only who holds it can change anything. */
export async function hold(
  { output, interrupt }: Invocation,
  config: Config,
  scene: Scene,
  { id, plan }: { readonly id: string; readonly plan: Plan },
): Promise<Lease | undefined> {
  const bucket = await stateBucket(config, scene.cloud, true, interrupt)
  if (!bucket) return undefined
  const { acquireLease } = await import('../journal/lease.ts')
  const { strategy, from, to } = plan
  const holder = `${whoami()}, process ${process.pid}`
  const lease = await acquireLease(
    { scope: scopeOf(config), deployment: id, holder, strategy, from, to },
    {
      bucket,
      wall: wallClock,
      signal: interrupt,
      onWait: ({ deployment, holder, renewed }, ms) =>
        output.people(
          `${scopeOf(config)} is held by deployment ${deployment} of ${holder}, last heard of ${renewed}: looking for ${formatDuration(ms)} whether it is alive\n`,
        ),
    },
  )
  scene.fence(() => lease.check())
  return lease
}
