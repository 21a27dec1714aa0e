import { checkServerIdentity, connect, type PeerCertificate } from 'node:tls'
import { deadline } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { createLocator } from '../connect/locator.ts'
import { createResolver } from '../connect/resolver.ts'
import { formatDuration } from '../duration.ts'
import { SluiceError } from '../errors.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type CheckOptions, lacking } from './check.ts'
import { leadingNames } from './dns-names.ts'
import { type Findings, list, looking, wrong } from './finding.ts'

export interface CertificateOptions extends CheckOptions {
  /** Milliseconds for which certificates must be valid still; two weeks when not given. */
  readonly left?: number
}

const LEFT = 14 * 86_400_000
/** Wall milliseconds for a handshake. */
const PATIENCE = 5_000

/**
 * The certificates that users are shown are those of the names they use, and do not expire soon. Asked of the load
 * balancer itself: what it is said to have and what it shows may differ. A service without TLS has none.
 */
export async function certificate(
  cloud: Cloud,
  service: ServiceSnapshot,
  { left = LEFT, signal }: CertificateOptions,
): Promise<Findings> {
  const { protocol, dnsName } = service.entry
  if (protocol !== 'HTTPS' && protocol !== 'TLS') return []
  const expected = `a certificate that is valid for ${formatDuration(left)} more`
  const lacks = lacking(cloud, service, ['data-plane'], expected)
  if (lacks.length > 0) return lacks
  return looking({ subject: dnsName, expected, signal }, async () => {
    const names = new Set((await leadingNames(cloud, service, signal)).map(({ name }) => name))
    const asked = names.size > 0 ? [...names] : [dnsName]
    const found = asked.map((name) =>
      looking({ subject: name, expected, signal }, async () => {
        const shown = await shownTo(cloud, name, service.entry.port, signal)
        return [...ofTime(name, shown, left, cloud.clock.wall.now()), ...ofName(name, shown)]
      }),
    )
    return (await Promise.all(found)).flat()
  })
}

function ofTime(subject: string, shown: PeerCertificate, left: number, now: number): Findings {
  const rest = Date.parse(shown.valid_to) - now
  if (rest >= left) return []
  const expected = `a certificate that is valid for ${formatDuration(left)} more`
  const seen = `${rest < 0 ? 'it expired' : 'it expires'} on ${shown.valid_to}`
  return [wrong({ subject, expected, seen, hint: 'renew it, and see why it was not renewed by itself' })]
}

function ofName(subject: string, shown: PeerCertificate): Findings {
  const mismatch = checkServerIdentity(subject, shown)
  if (!mismatch) return []
  const names = shown.subjectaltname?.split(', ').filter((each) => each.startsWith('DNS:')) ?? []
  const seen = `one for ${list(names.map((each) => each.slice('DNS:'.length)))}`
  const hint = 'add a certificate of that name to the listener'
  return [wrong({ subject, expected: `a certificate for ${subject}`, seen, hint })]
}

/** What a client that asks for this name is shown; whether it would trust that is not judged here. */
async function shownTo(
  cloud: Cloud,
  name: string,
  port: number,
  signal: AbortSignal | undefined,
): Promise<PeerCertificate> {
  const late = (): Error => new SluiceError('timeout', `no TLS handshake with ${name} within ${PATIENCE} ms`)
  using limit = deadline(cloud.clock.wall, PATIENCE, late, signal)
  const place = await placeOf(cloud, name, port)
  limit.signal.throwIfAborted()
  return await new Promise((resolve, reject) => {
    const socket = connect({ ...place, servername: name, rejectUnauthorized: false })
    const end = (): void => {
      socket.destroy()
      reject(limit.signal.reason)
    }
    limit.signal.addEventListener('abort', end, { once: true })
    socket.once('error', reject).once('secureConnect', () => {
      limit.signal.removeEventListener('abort', end)
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
  })
}

async function placeOf(
  { address: { dns, region, regions }, clock }: Cloud,
  host: string,
  port: number,
): Promise<{ readonly host: string; readonly port: number }> {
  if (dns === undefined) return { host, port }
  const resolver = createResolver(dns, clock)
  try {
    return await createLocator(resolver, [...new Set([region, ...regions])]).locate(host, port)
  } finally {
    resolver.close()
  }
}
