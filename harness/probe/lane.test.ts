import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, Socket } from 'node:net'
import { Agent } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { realClock } from '../clock.ts'
import type { ProbeSpec } from '../probe.ts'
import { createLane } from './lane.ts'

const owned: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of owned.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

const lanes = ['fresh', 'keep-alive'] as const
const ok = 'HTTP/1.1 200 OK\r\nx-app-version: 1.0.0\r\n'

describe.each(lanes)('in the lane %s', (lane) => {
  test('a page as expected is ok and names its version', async () => {
    const url = await http((_, response) => answer(response, 200, '1.0.0', 'Orders'))
    expect(await send(lane, { url })).toEqual({ outcome: 'ok', version: '1.0.0' })
  })

  test('a name that does not resolve is dns', async () => {
    expect(await send(lane, { url: 'http://no-such-host.invalid/' })).toEqual({ outcome: 'dns', version: '' })
  })

  test('a port that nothing listens on is refused', async () => {
    expect(await send(lane, { url: await closedPort() })).toEqual({ outcome: 'refused', version: '' })
  })

  test('a connection reset before the answer is reset', async () => {
    const url = await tcp((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(await send(lane, { url })).toEqual({ outcome: 'reset', version: '' })
  })

  test('a connection closed in order but without an answer is reset', async () => {
    const url = await tcp((socket) => socket.once('data', () => socket.end()))
    expect(await send(lane, { url })).toEqual({ outcome: 'reset', version: '' })
  })

  test('a connection closed as soon as it is accepted is reset, and not tried again', async () => {
    let connections = 0
    const url = await tcp((socket) => {
      connections += 1
      socket.destroy()
    })
    expect(await send(lane, { url })).toEqual({ outcome: 'reset', version: '' })
    expect(connections).toBe(1)
  })

  test('a handshake with a server that does not speak TLS is tls', async () => {
    const url = await http((_, response) => answer(response, 200, '1.0.0', 'Orders'))
    expect(await send(lane, { url: url.replace('http:', 'https:') })).toEqual({ outcome: 'tls', version: '' })
  })

  test('a handshake that the server cuts off is tls', async () => {
    const url = await tcp((socket) => socket.once('data', () => socket.resetAndDestroy()), 'https')
    expect(await send(lane, { url })).toEqual({ outcome: 'tls', version: '' })
  })

  test('a connection that does not stand by the deadline is connect-timeout', async () => {
    const url = await tcp(() => undefined, 'https')
    expect(await send(lane, { url, timeout: 100 })).toEqual({ outcome: 'connect-timeout', version: '' })
  })

  test('a connection that the dispatcher gives up is connect-timeout', async () => {
    const url = await tcp(() => undefined, 'https')
    const agent = new Agent({ connect: { timeout: 100 } })
    expect(await send(lane, { url }, agent)).toEqual({ outcome: 'connect-timeout', version: '' })
  })

  test('a server that never answers is response-timeout', async () => {
    const url = await tcp(() => undefined)
    expect(await send(lane, { url, timeout: 100 })).toEqual({ outcome: 'response-timeout', version: '' })
  })

  test('an answer that stalls in its body is response-timeout and still names its version', async () => {
    const url = await tcp(replies(`${ok}content-length: 100\r\n\r\npart`))
    expect(await send(lane, { url, timeout: 100 })).toEqual({ outcome: 'response-timeout', version: '1.0.0' })
  })

  test.each([
    ['closed', (socket: Socket) => socket.end()],
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('an answer %s before its announced length is truncated', async (_, close) => {
    const url = await tcp(replies(`${ok}content-length: 100\r\n\r\npart`, close))
    expect(await send(lane, { url })).toEqual({ outcome: 'truncated', version: '1.0.0' })
  })

  test('a chunked answer without its end is truncated', async () => {
    const url = await tcp(
      replies(`${ok}transfer-encoding: chunked\r\n\r\n4\r\npart\r\n`, (socket) => socket.end()),
    )
    expect(await send(lane, { url })).toEqual({ outcome: 'truncated', version: '1.0.0' })
  })

  test('an answer cut off that said it would close the connection is truncated', async () => {
    const head = `${ok}connection: close\r\ncontent-length: 100\r\n\r\npart`
    const url = await tcp(replies(head, (socket) => socket.end()))
    expect(await send(lane, { url })).toEqual({ outcome: 'truncated', version: '1.0.0' })
  })

  test('an answer that is not HTTP is truncated', async () => {
    const url = await tcp(replies('SSH-2.0-OpenSSH_9.6\r\n'))
    expect(await send(lane, { url })).toEqual({ outcome: 'truncated', version: '' })
  })

  test.each([
    ['elb-5xx', 502, undefined, 'Bad Gateway'],
    ['target-5xx', 500, '1.0.0', 'oops'],
    ['wrong-status', 404, '1.0.0', 'Orders'],
    ['wrong-body', 200, '1.0.0', 'Welcome to nginx'],
    ['unknown-version', 200, '0.9.0', 'Orders'],
    ['unknown-version', 200, undefined, 'Orders'],
  ])('%s is told by status %d, version %s and body %s', async (outcome, status, version, body) => {
    const url = await http((_, response) => answer(response, status, version, body))
    expect(await send(lane, { url })).toEqual({ outcome, version: version ?? '' })
  })

  test('a dispatcher that is closed is the probe’s own fault', async () => {
    const agent = new Agent()
    await agent.close()
    expect(await send(lane, { url: 'http://127.0.0.1/' }, agent)).toEqual({ outcome: 'unsent', version: '' })
  })
})

test('the text is found in a body that comes in pieces, cut within a character', async () => {
  const body = Buffer.from('Bestellübersicht')
  const url = await http((_, response) => {
    response.writeHead(200, { 'x-app-version': '1.0.0' })
    response.write(body.subarray(0, 8))
    setImmediate(() => response.end(body.subarray(8)))
  })
  const expected = { status: 200, bodyIncludes: 'Bestellübersicht' }
  expect(await send('keep-alive', { url, expect: expected })).toEqual({ outcome: 'ok', version: '1.0.0' })
})

test('a request is started once its connection stands, before it ends', async () => {
  const url = await http((_, response) => answer(response, 200, '1.0.0', 'Orders'))
  expect(await steps(url)).toEqual(['started', 'ok'])
  expect(await steps(await closedPort())).toEqual(['refused'])
})

test('a request given up while its connection is made is never written', async () => {
  let received = 0
  const url = await http((_, response) => {
    received += 1
    response.end()
  })
  const made = Promise.withResolvers<void>()
  const agent = new Agent({
    connect: (options, callback) => {
      // A slow network: the connection is asked for only after the probe has stopped waiting.
      realClock.timer(150, () => {
        const socket = new Socket()
        socket.connect(Number(options.port), '127.0.0.1', () => {
          callback(null, socket)
          made.resolve()
        })
      })
    },
  })
  expect(await send('fresh', { url, timeout: 50 }, agent)).toEqual({
    outcome: 'connect-timeout',
    version: '',
  })
  await made.promise
  await realClock.sleep(20)
  expect(received).toBe(0)
})

interface Ended {
  readonly outcome: string
  readonly version: string
}

function send(
  lane: 'fresh' | 'keep-alive',
  partial: Partial<ProbeSpec>,
  agent = new Agent(),
): Promise<Ended> {
  owned.push({ [Symbol.asyncDispose]: () => agent.destroy() })
  const { promise, resolve } = Promise.withResolvers<Ended>()
  createLane(
    lane,
    agent,
    spec(partial),
    realClock.wall,
  )({
    started: () => undefined,
    ended: (outcome, version) => resolve({ outcome, version }),
  })
  return promise
}

async function steps(url: string): Promise<readonly string[]> {
  const agent = new Agent()
  owned.push({ [Symbol.asyncDispose]: () => agent.destroy() })
  const seen: string[] = []
  await new Promise<void>((resolve) => {
    createLane(
      'fresh',
      agent,
      spec({ url }),
      realClock.wall,
    )({
      started: () => void seen.push('started'),
      ended: (outcome) => {
        seen.push(outcome)
        resolve()
      },
    })
  })
  return seen
}

const spec = (partial: Partial<ProbeSpec>): ProbeSpec => ({
  cloud: {
    kind: 'endpoint',
    account: '123456789012',
    region: 'us-east-1',
    regions: ['us-east-1'],
    clock: { kind: 'real' },
    lacks: {},
  },
  url: 'http://127.0.0.1/',
  rate: 10,
  timeout: 5_000,
  bucket: 1_000,
  versions: ['1.0.0'],
  expect: { status: 200, bodyIncludes: 'Orders' },
  ...partial,
})

const answer = (
  response: Parameters<RequestListener>[1],
  status: number,
  version: string | undefined,
  body: string,
): void => {
  response.writeHead(status, version === undefined ? {} : { 'x-app-version': version })
  response.end(body)
}

const replies =
  (text: string, then: (socket: Socket) => unknown = () => undefined) =>
  (socket: Socket): void =>
    void socket.once('data', () => socket.write(text, () => realClock.timer(20, () => then(socket))))

const http = (listener: RequestListener): Promise<string> => listen(createHttpServer(listener), 'http')

const tcp = (accept: (socket: Socket) => unknown, protocol = 'http'): Promise<string> =>
  listen(createServer(accept), protocol)

async function listen(server: Server, protocol: string): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  owned.push({
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
  return `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}/`
}
