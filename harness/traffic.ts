import type { ClientRoute, FleetName, ServiceSnapshot, TestRoute, Traffic } from './strategy.ts'

interface More {
  readonly route?: ClientRoute | undefined
  readonly test?: TestRoute | undefined
  /** Seconds for which answers may be kept meanwhile, if they are kept longer now; as they are when absent. */
  readonly ttl?: number | undefined
}

/** Traffic split by shares, by whatever leads users to the fleets of the service. */
export function trafficOf(
  { entry, shares: found }: ServiceSnapshot,
  shares: Readonly<Record<FleetName, number>>,
  { route, test, ttl }: More = {},
): Traffic {
  if (entry.via === 'listener') {
    return { via: 'listener', shares, ...(route ? { route } : {}), ...(test ? { test } : {}) }
  }
  if (entry.via === 'registration') return { via: 'registration', shares }
  // Nothing is gained by a record that leads nobody anywhere, and where all others are unhealthy it would lead everybody.
  const led = Object.entries(shares).filter(([name, share]) => share > 0 || found[name] !== undefined)
  return {
    via: 'dns',
    shares: Object.fromEntries(led),
    ...(entry.answers === 'addresses' ? { ttl: Math.min(ttl ?? entry.ttl, entry.ttl) } : {}),
  }
}
