import { createSocket, type Socket } from 'node:dgram'
import { type DecodedPacket, decode, encode, RECURSION_DESIRED, type StringAnswer } from 'dns-packet'
import type { Clock } from '../clock.ts'

/**
 * What a DNS server says of an SRV question. `closed`: the host is there and decidedly does not serve this port
 * (RFC 2782: target `.`). `none`: no such name. `foreign`: not a name that this server answers for.
 */
export type Answer =
  | { readonly kind: 'at'; readonly port: number }
  | { readonly kind: 'closed' }
  | { readonly kind: 'none' }
  | { readonly kind: 'foreign' }

/** An answer, and for how many seconds it may be kept. */
export interface Held {
  readonly answer: Answer
  readonly ttl: number
}
/** What a DNS server says of the addresses of a name that is there; none where it has none, or is not the one to ask. */
type Addresses = readonly string[]

/** Asks one DNS server, over UDP, and keeps what it answers for its TTL, counted in cloud time. */
export interface Resolver {
  /** Whether it keeps answers. */
  readonly keeps: boolean
  srv(name: string): Promise<Answer>
  /** Asks anew, and keeps nothing: for those who keep answers as they like. */
  lookup(name: string): Promise<Held>
  addresses(name: string): Promise<Addresses>
  forget(name: string): void
  close(): void
}

/** Wall milliseconds for an answer. A datagram to a busy process may be lost, so the question is sent again once. */
const ANSWER_TIMEOUT = 2_500
const RESEND_AFTER = 1_000

interface Waiting {
  readonly key: string
  settle(result: DecodedPacket | Error): void
}

/** `keeps`: without it every question is asked anew, as by a client that was never told before. */
export function createResolver(server: string, clock: Clock, keeps = true): Resolver {
  const colon = server.lastIndexOf(':')
  const host = server.slice(0, colon)
  const port = Number(server.slice(colon + 1))
  const services = createKept<Answer>(clock, keeps)
  const hosts = createKept<Addresses>(clock, keeps)
  const waiting = new Map<number, Waiting>()
  let socket: Promise<Socket> | undefined
  let closed = false
  let lastId = Math.floor(Math.random() * 0xffff)

  const failAll = (error: Error): void => {
    for (const one of [...waiting.values()]) one.settle(error)
  }
  const open = (): Promise<Socket> => {
    socket ??= connectSocket(host, port, {
      answer: (packet) => {
        const one = waiting.get(packet.id ?? -1)
        // An answer to another question is a stray one.
        const [question] = packet.questions ?? []
        if (one && question && keyOf(question.type, question.name) === one.key) one.settle(packet)
      },
      failed: (error) => failAll(noAnswer(server, error)),
    })
    return socket
  }
  const freeId = (): number => {
    do lastId = (lastId + 1) % 0x10000
    while (waiting.has(lastId))
    return lastId
  }
  const ask = async (type: 'SRV' | 'A', name: string): Promise<DecodedPacket> => {
    const channel = await open()
    if (closed) throw noAnswer(server)
    const id = freeId()
    const question = encode({
      type: 'query',
      id,
      flags: RECURSION_DESIRED,
      questions: [{ type, name }],
    })
    const send = (): void => channel.send(question)
    return new Promise<DecodedPacket>((resolve, reject) => {
      const again = clock.wall.timer(RESEND_AFTER, send)
      const limit = clock.wall.timer(ANSWER_TIMEOUT, () => waiting.get(id)?.settle(noAnswer(server)))
      waiting.set(id, {
        key: keyOf(type, name),
        settle: (result) => {
          waiting.delete(id)
          again.cancel()
          limit.cancel()
          if (waiting.size === 0) channel.unref()
          if (result instanceof Error) reject(result)
          else resolve(result)
        },
      })
      channel.ref()
      send()
    })
  }
  const lookup = async (name: string): Promise<Held> => read(await ask('SRV', name), server)

  return {
    keeps,
    lookup: (written) => lookup(plain(written)),
    srv: (written) => {
      const name = plain(written)
      return services.get(name, () => lookup(name))
    },
    addresses: (written) => {
      const name = plain(written)
      return hosts.get(name, async () => readAddresses(await ask('A', name), name, server))
    },
    forget: (name) => services.forget(plain(name)),
    close() {
      if (closed) return
      closed = true
      failAll(noAnswer(server))
      socket?.then(
        (channel) => channel.close(),
        () => undefined,
      )
    },
  }
}

const keyOf = (type: string, name: string): string => `${type} ${name.toLowerCase()}`

interface Told<Value> {
  readonly answer: Value
  /** Seconds. */
  readonly ttl: number
}

interface Kept<Value> {
  /** What is known still, or what is being asked already, or what asking gives. */
  get(name: string, ask: () => Promise<Told<Value>>): Promise<Value>
  forget(name: string): void
}

/** Answers by name, each for as long as its TTL says. */
function createKept<Value>(clock: Clock, keeps: boolean): Kept<Value> {
  const cache = new Map<string, { readonly answer: Value; readonly until: number }>()
  const underWay = new Map<string, Promise<Value>>()
  const learn = async (name: string, ask: () => Promise<Told<Value>>): Promise<Value> => {
    const { answer, ttl } = await ask()
    if (ttl > 0) cache.set(name, { answer, until: clock.now() + ttl * 1_000 })
    return answer
  }
  return {
    get(name, ask) {
      if (!keeps) return ask().then(({ answer }) => answer)
      const known = cache.get(name)
      if (known && clock.now() < known.until) return Promise.resolve(known.answer)
      cache.delete(name)
      const asked = underWay.get(name)
      if (asked) return asked
      const asking = learn(name, ask).finally(() => underWay.delete(name))
      underWay.set(name, asking)
      return asking
    },
    forget: (name) => void cache.delete(name),
  }
}

interface Receiver {
  answer(packet: DecodedPacket): void
  failed(error: Error): void
}

/** A UDP socket connected to the server, so that a server that is gone is told at once. */
function connectSocket(host: string, port: number, receiver: Receiver): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.unref()
  socket.on('message', (bytes) => {
    let packet: DecodedPacket
    try {
      packet = decode(bytes)
    } catch {
      return
    }
    receiver.answer(packet)
  })
  return new Promise((resolve, reject) => {
    socket.on('error', (error) => {
      reject(error)
      receiver.failed(error)
    })
    socket.connect(port, host, () => resolve(socket))
  })
}

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '')

/** dns-packet's types leave out `rcode`, which decoded packets carry. */
const rcodeOf = (packet: DecodedPacket): string =>
  (packet as DecodedPacket & { rcode?: string }).rcode ?? 'NOERROR'

function readAddresses(packet: DecodedPacket, name: string, server: string): Told<Addresses> {
  const rcode = rcodeOf(packet)
  if (rcode === 'NXDOMAIN') {
    throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', hostname: name })
  }
  if (rcode !== 'NOERROR' && rcode !== 'REFUSED') throw noAnswer(server, new Error(rcode))
  const found = (packet.answers ?? []).filter((record): record is StringAnswer => record.type === 'A')
  if (found.length === 0) return { answer: [], ttl: 0 }
  return { answer: found.map(({ data }) => data), ttl: Math.min(...found.map(({ ttl = 0 }) => ttl)) }
}

function read(packet: DecodedPacket, server: string): Held {
  const rcode = rcodeOf(packet)
  if (rcode === 'REFUSED') return { answer: { kind: 'foreign' }, ttl: 0 }
  if (rcode === 'NXDOMAIN') return { answer: { kind: 'none' }, ttl: 0 }
  if (rcode !== 'NOERROR') throw noAnswer(server, new Error(rcode))
  // Aliases lead to the SRV record; the answer holds for as long as the shortest-lived of them.
  let ttl = Number.POSITIVE_INFINITY
  for (const record of packet.answers ?? []) {
    if ('ttl' in record && typeof record.ttl === 'number') ttl = Math.min(ttl, record.ttl)
    if (record.type !== 'SRV') continue
    const { target, port } = record.data
    if (target === '.' || target === '') return { answer: { kind: 'closed' }, ttl: 0 }
    return { answer: { kind: 'at', port }, ttl }
  }
  return { answer: { kind: 'none' }, ttl: 0 }
}

const noAnswer = (server: string, cause?: Error): Error =>
  Object.assign(
    new Error(`no answer from the DNS server ${server}${cause ? `: ${cause.message}` : ''}`, { cause }),
    { code: 'EAI_AGAIN' },
  )
