import { setMaxListeners } from 'node:events'
import type { Dispatcher } from 'undici'
import { createClock } from '../clock.ts'
import type { Cloud, CloudAddress, RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import { type CallListener, createClients, type OwnedClients } from './clients.ts'
import type { DescribeAccountOptions } from './describe-account.ts'
import type { DescribeEndpointOptions } from './describe-endpoint.ts'
import { createDispatcher } from './dispatcher.ts'
import type { InProcess } from './in-process.ts'
import { createLimiter } from './rate-limit.ts'

export type { CallListener } from './clients.ts'
export { explainFailure, isDenied, whyNoAnswer, whyNotBuilt } from './explain.ts'

export interface ConnectOptions {
  /** Told of every request that goes to an API, each attempt of a retried one included. */
  readonly onCall?: CallListener
  /** When it aborts, calls and connections under way fail and no new one starts. */
  readonly signal?: AbortSignal
  /** Asks DNS anew for every request, as clients do of whom each is another one. */
  readonly forgetful?: boolean
  /** Reaches a cloud in this same process without any socket; the address then only says what it is. */
  readonly inProcess?: InProcess
}

/**
 * Opens a cloud by its address. Nothing is loaded or connected before it is used, so this costs nothing; an
 * unreachable cloud shows at the first call. Disposing closes every socket.
 */
export function connectCloud(address: CloudAddress, options: ConnectOptions = {}): Cloud {
  const clock = options.inProcess?.clock ?? createClock(address.clock)
  const regions = new Map<string, OwnedClients>()
  const { callsPerSecond: perSecond } = address
  const limiter =
    perSecond === undefined ? undefined : createLimiter({ perSecond, burst: 2 * perSecond }, clock.wall)
  let dispatcher: Dispatcher | undefined

  const onAbort = (): void => {
    for (const clients of regions.values()) clients.destroy()
    void dispatcher?.destroy(asError(options.signal?.reason)).catch(() => undefined)
  }
  if (options.signal) setMaxListeners(0, options.signal)
  options.signal?.addEventListener('abort', onAbort, { once: true })

  return {
    kind: address.kind,
    address,
    clock,
    region(name = address.region): RegionClients {
      const known = regions.get(name)
      if (known) return known
      if (address.kind === 'live' && !address.regions.includes(name)) throw notAllowed(address, name)
      const clients = createClients(address, name, { ...options, limiter })
      regions.set(name, clients)
      return clients
    },
    get dispatcher(): Dispatcher {
      dispatcher ??= options.inProcess?.dispatcher ?? createDispatcher(address, clock, options)
      return dispatcher
    },
    supports: (need) => {
      const because = address.lacks[need]
      return because === undefined ? { ok: true } : { ok: false, because }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      options.signal?.removeEventListener('abort', onAbort)
      for (const clients of regions.values()) clients.destroy()
      await dispatcher?.destroy()
    },
  }
}

/**
 * Finds out what answers at a URL: Sluice's own cloud tells its clock, DNS server and account; anything else is taken
 * for a plain AWS-compatible endpoint, known by its STS, which has no data plane and no DNS to rely on. Throws
 * `precondition` when nothing answers there, `usage` when it is no URL.
 */
export async function describeEndpoint(
  url: string,
  options: DescribeEndpointOptions = {},
): Promise<CloudAddress> {
  // Only who asks loads what reading the answer takes.
  const own = await import('./describe-endpoint.ts')
  return own.describeEndpoint(url, options)
}

/**
 * Finds out whose credentials the SDK's default chain finds, and goes no further than that: throws `precondition` when
 * it finds none, when they are not accepted, or when they belong to an account that is not among those allowed.
 */
export async function describeAccount(options: DescribeAccountOptions): Promise<CloudAddress> {
  const own = await import('./describe-account.ts')
  return own.describeAccount(options)
}

const notAllowed = ({ account, regions }: CloudAddress, name: string): SluiceError =>
  new SluiceError(
    'precondition',
    `region ${name} of account ${account} is not one that the config allows (allowed: ${regions.join(', ')})`,
    { hint: 'name it in live({ regions }), or choose another region' },
  )

const asError = (reason: unknown): Error | null => (reason instanceof Error ? reason : null)
