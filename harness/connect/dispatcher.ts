import { createRequire } from 'node:module'
import { isIP } from 'node:net'
import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import type { CloudAddress } from '../cloud.ts'
import { createLocator } from './locator.ts'
import { createResolver } from './resolver.ts'

/** undici costs 40 ms to load; a command that only calls APIs does not pay for it. */
const load = createRequire(import.meta.url)

/** Wall milliseconds until a connection must stand. */
const CONNECT_TIMEOUT = 10_000

/**
 * An undici agent that finds the cloud's names where `address.dns` says they are; without it the system's resolver
 * does. It retries nothing: a request that fails is a request that a user would have seen fail.
 */
export function createDispatcher(address: CloudAddress, clock: Clock): Dispatcher {
  const { Agent, buildConnector }: typeof import('undici') = load('undici')
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT })
  if (address.dns === undefined) return new Agent({ connect })

  const resolver = createResolver(address.dns, clock)
  const locator = createLocator(resolver, [...new Set([address.region, ...address.regions])])
  const agent = new Agent({
    connect: (options, callback) => {
      const tls = options.protocol === 'https:'
      const port = Number(options.port) || (tls ? 443 : 80)
      locator.locate(options.hostname, port).then(
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
  const destroy = agent.destroy.bind(agent)
  const close = agent.close.bind(agent)
  return Object.assign(agent, {
    destroy: (...args: Parameters<typeof destroy>) => {
      resolver.close()
      return destroy(...args)
    },
    close: (...args: Parameters<typeof close>) => {
      resolver.close()
      return close(...args)
    },
  })
}
