import { isIPv4 } from 'node:net'
import type { Answer, Resolver } from './resolver.ts'

/** Where to open a socket for a `host:port` of the cloud. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** What says where a `host:port` listens. */
export const question = (name: string, port: number): string => `_${port}._tcp.${name}`

/**
 * Translates `host:port` as a client of the cloud writes it to a socket. Only one loopback address can be relied on
 * (macOS has no 127.0.0.2), so an address alone does not lead to a load balancer: the cloud's DNS server also says,
 * by an SRV record of `_<port>._tcp.<host>`, on which port of 127.0.0.1 that `host:port` listens.
 */
export interface Locator {
  /** Rejects with a `NodeJS.ErrnoException`: `ENOTFOUND`, `ECONNREFUSED`, `EHOSTUNREACH` or `EAI_AGAIN`. */
  locate(host: string, port: number): Promise<Place>
  /** Asks anew next time: what the answer led to did not take a connection. */
  forget(host: string, port: number): void
}

export function createLocator(resolver: Resolver, regions: readonly string[]): Locator {
  /** Where a name has addresses of instances, one of them, as clients choose. Load balancers are found by their names. */
  const addressOf = async (host: string): Promise<string | undefined> => {
    // Who keeps nothing need not know for how long an address holds: the place is as much a draw as it is.
    if (!resolver.keeps) return undefined
    const found = await resolver.addresses(host)
    return found.some((address) => address.startsWith('127.'))
      ? undefined
      : found[Math.floor(Math.random() * found.length)]
  }

  const locateAddress = async (address: string, port: number): Promise<Place> => {
    for (const region of regions) {
      const answer = await resolver.srv(question(instanceName(address, region), port))
      if (answer.kind !== 'none' && answer.kind !== 'foreign') return place(answer, address, port)
    }
    if (!isPrivate(address)) return { host: address, port }
    throw failure('EHOSTUNREACH', `no instance of the cloud has the address ${address}`, address)
  }

  return {
    async locate(host, port) {
      if (passesThrough(host)) return { host, port }
      if (isIPv4(host)) return locateAddress(host, port)
      const address = await addressOf(host)
      if (address !== undefined) return locateAddress(address, port)
      return place(await resolver.srv(question(host, port)), host, port)
    },
    forget(host, port) {
      const names = isIPv4(host) ? regions.map((region) => instanceName(host, region)) : [host]
      for (const name of names) resolver.forget(question(name, port))
    },
  }
}

export function place(answer: Answer, host: string, port: number): Place {
  switch (answer.kind) {
    case 'at':
      return { host: '127.0.0.1', port: answer.port }
    case 'closed':
      throw failure('ECONNREFUSED', `nothing listens on ${host}:${port}`, host)
    case 'none':
      throw failure('ENOTFOUND', `getaddrinfo ENOTFOUND ${host}`, host)
    case 'foreign':
      return { host, port }
  }
}

const failure = (code: string, message: string, hostname: string): Error =>
  Object.assign(new Error(message), { code, hostname })

/** The name that EC2 gives an instance by its address. */
const instanceName = (address: string, region: string): string =>
  `ip-${address.replaceAll('.', '-')}.${region}.compute.internal`

const passesThrough = (host: string): boolean =>
  host === 'localhost' || host.includes(':') || (isIPv4(host) && host.startsWith('127.'))

const isPrivate = (address: string): boolean => /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address)
