import { z } from 'zod'
import type { DnsRef, EntryRef, ListenerRef } from './gate.ts'
import type { EntrySnapshot } from './strategy.ts'

const port = z.int().min(1).max(65_535)

/** As Route 53 has names, without the final dot. */
const dnsName = z
  .string()
  .transform((name) => name.toLowerCase().replace(/\.$/, ''))
  .pipe(
    z
      .string()
      .max(253)
      .regex(
        /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
        'expected a domain name such as example.com',
      ),
  )

const dns = z
  .strictObject({
    zone: dnsName,
    record: dnsName,
    /** What the records lead to: a load balancer for each fleet, or the instances themselves. */
    to: z.enum(['load-balancers', 'instances']).default('load-balancers'),
    /** Where users ask. */
    port: port.default(80),
    /** What instances themselves are asked; of a load balancer's targets its target group says so. */
    health: z.string().startsWith('/', 'expected a path that starts with /').optional(),
  })
  .superRefine(({ zone, record, to, health }, context) => {
    if (health !== undefined && to !== 'instances')
      context.addIssue({ code: 'custom', path: ['health'], message: 'only instances are asked themselves' })
    if (record === zone || record.endsWith(`.${zone}`)) return
    context.addIssue({ code: 'custom', path: ['record'], message: `expected a name in zone ${zone}` })
  })

/** Where users reach a service: a listener of a load balancer, or a name in a hosted zone. */
export const entrySchema = z
  .strictObject({
    loadBalancer: z.string().min(1).optional(),
    listener: port.optional(),
    /** Whether users are led by the weights of target groups, or by what is registered in the one that the listener forwards to. */
    by: z.enum(['weights', 'registration']).optional(),
    dns: dns.optional(),
  })
  .transform((given, context): EntryRef => {
    const { loadBalancer, listener, by, dns: name } = given
    const told = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message, input: given })
    if (name) {
      for (const [key, value] of Object.entries({ loadBalancer, listener, by }))
        if (value !== undefined) told(key, 'expected either a listener of a load balancer or dns, not both')
      return { dns: name }
    }
    if (loadBalancer === undefined) told('loadBalancer', 'missing; expected string, or dns in its place')
    if (listener === undefined) told('listener', 'missing; expected number')
    const found = { loadBalancer: loadBalancer ?? '', listener: listener ?? 0 }
    return by === 'registration' ? { ...found, by } : found
  })

export const isDns = (entry: EntryRef): entry is { readonly dns: DnsRef } => 'dns' in entry

/** What leads users to the fleets of a service. */
export function viaOf(entry: EntryRef): EntrySnapshot['via'] {
  if (isDns(entry)) return 'dns'
  return entry.by ?? 'listener'
}

/** For people. */
export const describeEntry = (entry: EntryRef): string =>
  isDns(entry)
    ? `${entry.dns.record} in zone ${entry.dns.zone}, port ${entry.dns.port}`
    : describeListener(entry)

const describeListener = ({ loadBalancer, listener, by }: ListenerRef): string =>
  `load balancer ${loadBalancer}, port ${listener}${by ? `, by ${by}` : ''}`
