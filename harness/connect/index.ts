import { setMaxListeners } from 'node:events'
import type { Dispatcher } from 'undici'
import { createClock } from '../clock.ts'
import type { Cloud, CloudAddress, RegionClients } from '../cloud.ts'
import { type CallListener, createClients, type OwnedClients } from './clients.ts'
import type { DescribeEndpointOptions } from './describe-endpoint.ts'
import { createDispatcher } from './dispatcher.ts'

export type { CallListener } from './clients.ts'

export interface ConnectOptions {
  /** Told of every request that goes to an API, each attempt of a retried one included. */
  readonly onCall?: CallListener
  /** When it aborts, calls and connections under way fail and no new one starts. */
  readonly signal?: AbortSignal
}

/**
 * Opens a cloud by its address. Nothing is loaded or connected before it is used, so this costs nothing; an
 * unreachable cloud shows at the first call. Disposing closes every socket.
 */
export function connectCloud(address: CloudAddress, options: ConnectOptions = {}): Cloud {
  const clock = createClock(address.clock)
  const regions = new Map<string, OwnedClients>()
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
      const clients = createClients(address, name, options)
      regions.set(name, clients)
      return clients
    },
    get dispatcher(): Dispatcher {
      dispatcher ??= createDispatcher(address, clock)
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

const asError = (reason: unknown): Error | null => (reason instanceof Error ? reason : null)
