import type { RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { realClock } from '../clock.ts'
import type { TrafficWindow } from '../gate.ts'
import { createTrafficLedger, harmed, type RunningProbe, startProbe } from './index.ts'
import { plainAddress, servePage } from './served-page.ts'

const owned: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of owned.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

test('what is acknowledged is read back through whatever version serves then', async () => {
  const shop = openShop()
  const { probe, ledger } = await watch(shop.listener)
  await until(() => shop.writes() >= 5)
  shop.version = '2.0.0'
  const written = shop.writes()
  await until(() => shop.reads('2.0.0') > written)
  const report = await probe.readBack('last')
  await probe[Symbol.asyncDispose]()

  expect(report).toMatchObject({ lost: 0, unread: 0, losses: [] })
  expect(report.written).toBe(shop.writes())
  expect(report.read).toBe(report.written)
  expect(harmed(ledger.total())).toBe(0)
  expect(inLane(ledger.total())).toBeGreaterThan(10)
  // It shares the rate, and its latencies are not taken for those of the page.
  const { planned } = ledger.total().schedule
  expect(inLane(ledger.total())).toBeLessThan(planned / 5)
  const latencies = Object.values(ledger.total().latency).reduce((sum, { n }) => sum + n, 0)
  expect(latencies).toBe(planned - inLane(ledger.total()))
})

test('a write that is gone is lost, once, and says who took it and who was asked for it', async () => {
  const shop = openShop()
  const { ledger } = await watch(shop.listener)
  await until(() => shop.writes() >= 3)
  const id = shop.lose()
  shop.version = '2.0.0'
  await until(() => lost(ledger.total()) > 0)
  await realClock.sleep(700)
  expect(lost(ledger.total())).toBe(1)
  expect(ledger.total().counts).toContainEqual({
    lane: 'write-then-read',
    outcome: 'lost-write',
    version: '2.0.0',
    n: 1,
  })
  const sentence = `/orders/${id}, acknowledged by 1.0.0, was gone when 2.0.0 was asked for it (404)`
  expect(ledger.total().remarks).toEqual([{ outcome: 'lost-write', sentence }])
})

test('a write that was changed is lost, and says what of it was changed', async () => {
  const shop = openShop()
  const { ledger } = await watch(shop.listener)
  await until(() => shop.writes() >= 3)
  const id = shop.change()
  await until(() => lost(ledger.total()) > 0)
  const sentence = `/orders/${id}, acknowledged by 1.0.0, was changed when 1.0.0 was asked for it: order.item was "test" and is "changed"`
  expect(ledger.total().remarks).toEqual([{ outcome: 'lost-write', sentence }])
})

test('reading everything back finds what no read has found yet, and delivers it with the stage', async () => {
  const shop = openShop()
  const { probe, ledger } = await watch(shop.listener)
  await until(() => shop.writes() >= 3)
  await probe.enter('canary')
  shop.lose()
  shop.lose()
  const report = await probe.readBack('meanwhile')
  expect(report).toMatchObject({ lost: 2, read: report.written - 2, unread: 0 })
  expect(report.losses).toHaveLength(2)
  expect(lost(ledger.window('canary'))).toBe(2)
  const written = shop.writes()
  await until(() => shop.writes() > written)
})

test('what cannot be asked for is unread, not lost', async () => {
  const shop = openShop()
  const { probe, ledger } = await watch(shop.listener)
  await until(() => shop.writes() >= 3)
  shop.down = true
  const report = await probe.readBack('last')
  expect(report).toMatchObject({ read: 0, lost: 0, unread: report.written })
  expect(lost(ledger.total())).toBe(0)
})

test('a load balancer that finds no route says nothing of a write', async () => {
  const shop = openShop()
  const { probe } = await watch(shop.listener)
  await until(() => shop.writes() >= 3)
  shop.version = undefined
  shop.lose()
  expect(await probe.readBack('last')).toMatchObject({ lost: 0, unread: 1 })
})

test('a service that takes no writes is asked once, and not held to it', async () => {
  let asked = 0
  const { probe, ledger } = await watch((request, response) => {
    if (request.method === 'POST') asked += 1
    response.writeHead(request.method === 'POST' ? 405 : 200, { 'x-app-version': '1.0.0' })
    response.end()
  })
  await until(() => ledger.total().schedule.planned > 60)
  expect(await probe.readBack('last')).toMatchObject({ written: 0, read: 0, lost: 0, unread: 0 })
  await probe[Symbol.asyncDispose]()
  expect(asked).toBe(1)
  expect(harmed(ledger.total())).toBe(0)
  const { planned, sent } = ledger.total().schedule
  expect(ledger.total().counts.reduce((sum, { n }) => sum + n, 0)).toBe(planned)
  expect(sent).toBe(planned)
})

test('a service that stops taking writes harms its users', async () => {
  const shop = openShop()
  const { ledger } = await watch(shop.listener)
  await until(() => shop.writes() >= 2)
  shop.refuses = true
  await until(() => harmed(ledger.total()) > 0)
  expect(ledger.total().remarks).toEqual([
    { outcome: 'wrong-status', sentence: 'POST /orders was answered with 404 and no place to read it' },
  ])
})

/** A service that takes orders, and can be told to misbehave. */
function openShop() {
  const orders = new Map<string, { readonly id: string; readonly order: unknown }>()
  const reads = new Map<string, number>()
  let last = 0
  const shop = {
    version: '1.0.0' as string | undefined,
    down: false,
    refuses: false,
    writes: () => last,
    reads: (version: string) => reads.get(version) ?? 0,
    /** Loses what was written first, and says what it was. */
    lose(): string {
      const [id = ''] = orders.keys()
      orders.delete(id)
      return id
    },
    change(): string {
      const [id = ''] = orders.keys()
      orders.set(id, { id, order: { item: 'changed' } })
      return id
    },
    listener: (async (request, response) => {
      const [, , id] = (request.url ?? '').split('/')
      const body = await text(request)
      const answer = (status: number, content: unknown = {}): void => {
        response.writeHead(status, shop.version === undefined ? {} : { 'x-app-version': shop.version })
        response.end(JSON.stringify(content))
      }
      if (shop.down) return answer(503)
      if (request.method === 'POST') {
        if (shop.refuses) return answer(404)
        last += 1
        const taken = { id: `n${last}`, order: JSON.parse(body) }
        orders.set(taken.id, taken)
        return answer(201, taken)
      }
      if (id === undefined) return answer(200)
      reads.set(shop.version ?? '', (reads.get(shop.version ?? '') ?? 0) + 1)
      const found = orders.get(id)
      return found ? answer(200, found) : answer(404)
    }) satisfies RequestListener,
  }
  return shop
}

const inLane = ({ counts }: TrafficWindow): number =>
  counts.reduce((sum, { lane, n }) => (lane === 'write-then-read' ? sum + n : sum), 0)

const lost = ({ counts }: TrafficWindow): number =>
  counts.reduce((sum, { outcome, n }) => (outcome === 'lost-write' ? sum + n : sum), 0)

async function watch(listener: RequestListener) {
  const server = await servePage(listener)
  owned.push(server)
  const probe: RunningProbe = await startProbe({
    cloud: plainAddress,
    url: server.url,
    rate: 200,
    timeout: 3_000,
    bucket: 50,
    versions: ['1.0.0', '2.0.0'],
    expect: { status: 200 },
    writes: { path: '/orders', body: { item: 'test' } },
  })
  owned.push(probe)
  const ledger = createTrafficLedger()
  probe.onBucket((bucket, samples) => ledger.add(bucket, samples))
  return { probe, ledger }
}

async function until(condition: () => boolean): Promise<void> {
  const limit = AbortSignal.timeout(10_000)
  while (!condition()) await realClock.sleep(5, limit)
}
