import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import type { CloudAddress } from '../cloud.ts'
import { createLocator, type Locator, type Place } from './locator.ts'
import { createResolver } from './resolver.ts'

/** undici costs 40 ms to load; a command that only calls APIs does not pay for it. */
const load = createRequire(import.meta.url)

/** Wall milliseconds until a connection must stand. */
const CONNECT_TIMEOUT = 10_000

export interface DispatcherOptions {
  /** As a client that was never told before: nothing that DNS says is kept. */
  readonly forgetful?: boolean
}

/**
 * An undici dispatcher that finds the cloud's names where `address.dns` says they are; without it the system's resolver
 * does. It retries nothing: a request that fails is a request that a user would have seen fail.
 */
export function createDispatcher(
  address: CloudAddress,
  clock: Clock,
  { forgetful = false }: DispatcherOptions = {},
): Dispatcher {
  const { Agent, buildConnector }: typeof import('undici') = load('undici')
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT })
  if (address.dns === undefined) return new Agent({ connect })

  const resolver = createResolver(address.dns, clock, !forgetful)
  const locator = createLocator(resolver, [...new Set([address.region, ...address.regions])])
  const agentTo = (find: (host: string, port: number) => Promise<Place>): Dispatcher =>
    new Agent({
      connect: (options, callback) => {
        const tls = options.protocol === 'https:'
        const port = Number(options.port) || (tls ? 443 : 80)
        find(options.hostname, port).then(
          (place) => {
            const servername = tls && !isIP(options.hostname) ? options.hostname : options.servername
            connect(
              {
                ...options,
                hostname: place.host,
                port: String(place.port),
                ...(servername ? { servername } : {}),
              },
              (error, socket) => {
                if (error) locator.forget(options.hostname, port)
                if (error) callback(error, null)
                else callback(null, socket)
              },
            )
          },
          (error: Error) => callback(error, null),
        )
      },
    })
  const agent = agentTo(locator.locate)
  const following = followNames(agentTo, locator)
  const own = { destroy: agent.destroy.bind(agent), close: agent.close.bind(agent) }
  return Object.assign(
    agent.compose((dispatch) => (options, handler) => {
      const { hostname, port, protocol } = new URL(options.origin ?? '')
      if (leadsToOnePlace(hostname)) return dispatch(options, handler)
      following.dispatch(hostname, Number(port) || (protocol === 'https:' ? 443 : 80), options, handler)
      return true
    }),
    {
      // undici calls both again on itself, with a callback: what they are given is passed on as it is.
      destroy: (...args: Parameters<typeof own.destroy>) => {
        resolver.close()
        for (const each of following.take()) void each.destroy()
        return own.destroy(...args)
      },
      close: (...args: Parameters<typeof own.close>) => {
        resolver.close()
        for (const each of following.take()) void each.close()
        return own.close(...args)
      },
    },
  ) as Dispatcher
}

/** A load balancer's own name, or an instance's: it never leads elsewhere. */
const leadsToOnePlace = (host: string): boolean =>
  isIP(host) !== 0 || host === 'localhost' || /\.(elb\.localhost|internal)$/.test(host)

interface Following {
  dispatch(
    host: string,
    port: number,
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): void
  /** Hands over all that was made. */
  take(): Dispatcher[]
}

/**
 * Sends each request to where its name leads by then, as clients do that heed TTLs: connections are kept for each place,
 * not for the name, or one that is kept busy would go on asking a place that DNS no longer leads to.
 */
function followNames(
  agentTo: (find: () => Promise<Place>) => Dispatcher,
  locator: Pick<Locator, 'locate'>,
): Following {
  const byPlace = new Map<string, Dispatcher>()
  const agentAt = (place: Place): Dispatcher => {
    const key = `${place.host}:${place.port}`
    const known = byPlace.get(key)
    if (known) return known
    const made = agentTo(async () => place)
    byPlace.set(key, made)
    return made
  }
  // A name that leads nowhere fails as a connection does, in whatever way the handler is told of one.
  const failing = (error: unknown): Dispatcher => agentTo(() => Promise.reject(error))
  return {
    dispatch(host, port, options, handler) {
      locator
        .locate(host, port)
        .then(agentAt, failing)
        .then((agent) => agent.dispatch(options, handler))
        .catch((error: unknown) => failing(error).dispatch(options, handler))
    },
    take() {
      const made = [...byPlace.values()]
      byPlace.clear()
      return made
    },
  }
}
