import type { RequestListener } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { realClock } from '../clock.ts'
import { connectCloud } from '../connect/index.ts'
import type { Probe, ProbeSpec } from '../probe.ts'
import { createProbe } from './create-probe.ts'
import { countsByVersion, harmed, requests } from './fold.ts'
import { createTrafficLedger } from './ledger.ts'
import { plainAddress, servePage } from './served-page.ts'

const owned: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of owned.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

test('every planned request is sent once, half on new connections, half on kept ones', async () => {
  const connections = new Map<string, number>()
  const { probe, ledger } = await watch((request, response) => {
    const name = `${request.socket.remotePort}`
    connections.set(name, (connections.get(name) ?? 0) + 1)
    respond(response)
  })
  await seen(ledger, 60)
  await probe[Symbol.asyncDispose]()

  const { counts, schedule } = ledger.total()
  const total = requests(ledger.total())
  expect(harmed(ledger.total())).toBe(0)
  expect(schedule).toMatchObject({ planned: total, sent: total, dropped: 0 })
  const fresh = counts.find(({ lane }) => lane === 'fresh')?.n ?? 0
  expect(Math.abs(total - 2 * fresh)).toBeLessThanOrEqual(1)
  const used = [...connections.values()]
  expect(used.reduce((sum, n) => sum + n, 0)).toBe(total)
  expect(used.filter((n) => n > 1).length).toBeGreaterThan(0)
  expect(used.filter((n) => n === 1).length).toBeGreaterThanOrEqual(fresh)
})

test('one request in ten comes from clients that keep their cookies', async () => {
  const visitors = new Set<string>()
  const { probe, ledger } = await watch(
    (request, response) => {
      if (request.headers.cookie) visitors.add(request.headers.cookie)
      else response.setHeader('set-cookie', `visitor=${realClock.now()}`)
      respond(response)
    },
    { sticky: { clients: 3, session: 'visitor' } },
  )
  await until(() => ledger.total().schedule.planned > 80)
  await probe[Symbol.asyncDispose]()
  const { counts, schedule } = ledger.total()
  const sticky = counts.find(({ lane }) => lane === 'sticky')?.n ?? 0
  expect(Math.abs(sticky - schedule.planned / 10)).toBeLessThanOrEqual(1)
  expect(visitors.size).toBeGreaterThanOrEqual(3)
  expect(harmed(ledger.total())).toBe(0)
})

test('slow answers do not slow the arrivals, and their whole wait counts as latency', async () => {
  const { probe, ledger } = await watch((_, response) => void realClock.timer(150, () => respond(response)))
  await seen(ledger, 20)
  await probe[Symbol.asyncDispose]()
  // A client that waits for its answers would have 2 requests under way; at 200/s there were some 30.
  expect(ledger.total().schedule.planned).toBeGreaterThan(40)
  expect(ledger.total().latency['1.0.0']?.p50).toBeGreaterThanOrEqual(149)
})

test('requests without an answer for a second are overdue, until they end', async () => {
  const held: (() => void)[] = []
  const { probe, ledger } = await watch((_, response) => {
    if (held.length < 3) held.push(() => respond(response))
    else respond(response)
  })
  await until(() => (ledger.total().schedule.overdue ?? 0) > 0)
  await until(() => ledger.total().schedule.overdue === 3)
  await probe.enter('canary 5%')
  expect(ledger.window('baseline').schedule.overdue).toBe(3)
  expect(ledger.window('canary 5%').schedule.overdue ?? 0).toBe(0)
  for (const release of held) release()
  await until(() => (ledger.window('baseline').schedule.overdue ?? 0) === 0)
  await probe[Symbol.asyncDispose]()
})

test('a request counts to the stage in force when it was planned, even if it ends in the next', async () => {
  const held: (() => void)[] = []
  let hold = true
  const { probe, ledger } = await watch((_, response) => {
    if (hold) held.push(() => respond(response))
    else respond(response, '2.0.0')
  })
  await until(() => held.length >= 10)
  await probe.enter('canary 5%')
  hold = false
  await until(() => requests(ledger.window('canary 5%')) >= 10)
  expect(countsByVersion(ledger.window('baseline'))['1.0.0']).toBeUndefined()
  for (const release of held) release()
  await probe[Symbol.asyncDispose]()

  expect(countsByVersion(ledger.window('baseline'))['1.0.0']?.ok).toBe(held.length)
  expect(countsByVersion(ledger.window('canary 5%'))['1.0.0']).toBeUndefined()
  for (const stage of ['baseline', 'canary 5%']) {
    const window = ledger.window(stage)
    expect(window.schedule).toMatchObject({ planned: requests(window), sent: requests(window) })
  }
})

test('intervals follow each other without gap, and a new one begins where the stage changes', async () => {
  const { probe, ledger } = await watch((_, response) => respond(response), { bucket: 30 })
  await until(() => ledger.all().length >= 3)
  const entered = realClock.now()
  await probe.enter('next')
  await until(() => ledger.all().filter(({ stage }) => stage === 'next').length >= 3)
  await probe[Symbol.asyncDispose]()
  const intervals = [...new Map(ledger.all().map((bucket) => [bucket.from, bucket])).values()]
  expect(intervals.slice(1).map(({ from }) => from)).toEqual(intervals.slice(0, -1).map(({ to }) => to))
  const next = ledger.all().find(({ stage }) => stage === 'next')
  expect(next?.from).toBeGreaterThanOrEqual(entered)
  expect(ledger.all().some(({ stage, to }) => stage === 'baseline' && to === next?.from)).toBe(true)
})

test('buckets come also when nothing is answered', async () => {
  const { probe, ledger } = await watch(() => undefined, { bucket: 20, timeout: 300 })
  await until(() => ledger.all().length >= 5)
  expect(requests(ledger.total())).toBe(0)
  await probe[Symbol.asyncDispose]()
  const total = ledger.total()
  expect(harmed(total)).toBe(total.schedule.planned)
  expect(new Set(total.counts.map(({ outcome }) => outcome))).toEqual(new Set(['response-timeout']))
})

test('flush delivers what has been counted so far before it resolves', async () => {
  let answered = 0
  const { probe, ledger } = await watch(
    (_, response) => {
      response.on('close', () => {
        answered += 1
      })
      respond(response)
    },
    { bucket: 60_000 },
  )
  await until(() => answered >= 5)
  await realClock.sleep(20)
  expect(ledger.all()).toHaveLength(0)
  await probe.flush()
  expect(requests(ledger.total())).toBeGreaterThanOrEqual(5)
})

test('a probe that was disposed takes no orders', async () => {
  const { probe } = await watch((_, response) => respond(response))
  await probe[Symbol.asyncDispose]()
  await expect(probe.flush()).rejects.toThrow('the probe was stopped already')
  await expect(probe.enter('later')).rejects.toThrow('the probe was stopped already')
})

test('a specification that cannot work is refused with every problem', async () => {
  const url = 'ftp://127.0.0.1/'
  await expect(watch(() => undefined, { url, rate: 0, timeout: Number.NaN })).rejects.toThrow(
    'the probe cannot start: url: no http(s) URL: ftp://127.0.0.1/; rate: must be above 0, is 0; timeout: must be above 0, is NaN',
  )
})

function respond(response: Parameters<RequestListener>[1], version = '1.0.0'): void {
  response.writeHead(200, { 'x-app-version': version })
  response.end('Orders')
}

async function watch(listener: RequestListener, partial: Partial<ProbeSpec> = {}) {
  const server = await servePage(listener)
  owned.push(server)
  const spec: ProbeSpec = {
    cloud: plainAddress,
    url: server.url,
    rate: 200,
    timeout: 3_000,
    bucket: 50,
    versions: ['1.0.0', '2.0.0'],
    expect: { status: 200, bodyIncludes: 'Orders' },
    ...partial,
  }
  const cloud = connectCloud(spec.cloud)
  const fresh = connectCloud(spec.cloud)
  owned.push(cloud, fresh)
  const probe: Probe = createProbe(spec, cloud, { fresh: fresh.dispatcher })
  owned.push(probe)
  const ledger = createTrafficLedger()
  probe.onBucket((bucket, samples) => ledger.add(bucket, samples))
  return { probe, ledger }
}

const seen = (ledger: ReturnType<typeof createTrafficLedger>, n: number): Promise<void> =>
  until(() => requests(ledger.total()) >= n)

async function until(condition: () => boolean): Promise<void> {
  const limit = AbortSignal.timeout(10_000)
  while (!condition()) await realClock.sleep(5, limit)
}
