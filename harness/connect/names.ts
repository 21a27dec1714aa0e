import { Resolver as SystemResolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { Clock } from '../clock.ts'
import type { CloudAddress } from '../cloud.ts'
import { place, question } from './locator.ts'
import { createResolver } from './resolver.ts'

/** Where a name leads to, and for how many cloud milliseconds that may be kept. */
export interface Led {
  readonly host: string
  readonly port: number
  readonly keep: number
}

/** Resolves names as the cloud's clients do, each time anew. */
export interface Names {
  /** Rejects with a `NodeJS.ErrnoException` as a lookup does. Of several addresses one is chosen at random. */
  resolve(name: string, port: number): Promise<Led>
  close(): void
}

/** Wall milliseconds for one answer, and how often a question is sent. */
const PATIENCE = { timeout: 2_500, tries: 2 }

export function createNames(address: CloudAddress, clock: Clock): Names {
  const system = new SystemResolver(PATIENCE)
  const asSystem = async (name: string, port: number): Promise<Led> => {
    if (isIP(name)) return { host: name, port, keep: Number.POSITIVE_INFINITY }
    const found = await system.resolve4(name, { ttl: true })
    const chosen = found[Math.floor(Math.random() * found.length)]
    if (!chosen) throw Object.assign(new Error(`no address of ${name}`), { code: 'ENODATA' })
    return { host: chosen.address, port, keep: chosen.ttl * 1_000 }
  }
  if (address.dns === undefined) return { resolve: asSystem, close: () => system.cancel() }
  const resolver = createResolver(address.dns, clock)
  return {
    async resolve(name, port) {
      if (isIP(name)) return asSystem(name, port)
      const { answer, ttl } = await resolver.lookup(question(name, port))
      if (answer.kind === 'foreign') return asSystem(name, port)
      return { ...place(answer, name, port), keep: ttl * 1_000 }
    },
    close() {
      system.cancel()
      resolver.close()
    },
  }
}
