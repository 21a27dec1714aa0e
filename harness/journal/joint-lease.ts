import { Owned } from '../owned.ts'
import type { Lease } from './lease.ts'

/** The right to change several services, as one: it is lost with any of them, and given back with all. */
export function jointLease(leases: readonly Lease[]): Lease {
  const owned = new Owned()
  for (const lease of leases) owned.use(lease)
  return {
    tookOver: leases.find(({ tookOver }) => tookOver)?.tookOver,
    signal: AbortSignal.any(leases.map(({ signal }) => signal)),
    check: () => {
      for (const lease of leases) lease.check()
    },
    say: (doing) => {
      for (const lease of leases) lease.say(doing)
    },
    onRequest: (listener) => {
      for (const lease of leases) lease.onRequest(listener)
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  }
}
