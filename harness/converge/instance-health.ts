import type { Instance } from '@aws-sdk/client-ec2'
import { request } from 'undici'
import { deadline } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { isDns } from '../entry.ts'
import { SluiceError } from '../errors.ts'
import type { ServiceRef } from '../gate.ts'

/** Wall milliseconds, as health checks wait. */
const ANSWER_WITHIN = 5_000
const ATTEMPTS = 2
/** So many that a large fleet which hangs is looked at in seconds. */
const AT_ONCE = 64

/** Where the instances of a service serve. */
export interface Serving {
  readonly port: number
  readonly path: string
  /** Whether users are given public addresses. */
  readonly outside: boolean
}

/** How the instances of a service are asked whether they are healthy. */
export const servingOf = ({ entry, url }: ServiceRef): Omit<Serving, 'outside'> =>
  isDns(entry) ? { port: entry.dns.port, path: entry.dns.health ?? url } : { port: 80, path: url }

/** What users are given of an instance. */
export const addressOf = (
  { PublicIpAddress: outside, PrivateIpAddress: inside }: Instance,
  wantsOutside: boolean,
): string | undefined => (wantsOutside ? outside : inside)

/** Those that answer where users ask them; all of them where the cloud carries no traffic that could tell. */
export async function answering(
  cloud: Cloud,
  instances: readonly Instance[],
  { port, path, outside }: Serving,
  signal: AbortSignal,
): Promise<readonly Instance[]> {
  if (!cloud.supports('data-plane').ok) return instances
  const fine = new Set<Instance>()
  const waiting = instances.values()
  const lane = async (): Promise<void> => {
    for (const instance of waiting) {
      const address = addressOf(instance, outside)
      if (address && (await serves(cloud, `http://${address}:${port}${path}`, signal))) fine.add(instance)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return instances.filter((instance) => fine.has(instance))
}

/** One that fails now and then is for gates to judge: what counts here is that it serves. */
async function serves(cloud: Cloud, url: string, signal: AbortSignal): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) if (await answers(cloud, url, signal)) return true
  return false
}

/** Whether it is answered as a healthy target answers: with 2xx or 3xx. Only an abort from outside passes through. */
async function answers(cloud: Cloud, url: string, parent: AbortSignal): Promise<boolean> {
  const late = (): Error => new SluiceError('timeout', `${url} was not answered within ${ANSWER_WITHIN} ms`)
  using limit = deadline(cloud.clock.wall, ANSWER_WITHIN, late, parent)
  try {
    const { dispatcher } = cloud
    const { statusCode, body } = await request(url, { dispatcher, signal: limit.signal })
    await body.dump()
    return statusCode >= 200 && statusCode < 400
  } catch {
    parent.throwIfAborted()
    return false
  }
}
