import type { RequestListener } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { realClock } from '../clock.ts'
import { connectCloud } from '../connect/index.ts'
import type { TrafficWindow } from '../gate.ts'
import { createProbe } from './create-probe.ts'
import { createTrafficLedger } from './ledger.ts'
import { plainAddress, servePage } from './served-page.ts'

const owned: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of owned.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

test('a few slow requests are under way at all times, and count to the stage they were sent in', async () => {
  let open = 0
  let most = 0
  const answers: (() => void)[] = []
  const { probe, ledger } = await watch((_, response) => {
    open += 1
    most = Math.max(most, open)
    answers.push(() => {
      open -= 1
      response.end('slow')
    })
  })
  await until(() => open === 2)
  await probe.enter('canary')
  await realClock.sleep(1_100)
  expect(ledger.total().schedule.overdue ?? 0).toBe(0)
  for (const answer of answers.splice(0)) answer()
  await until(() => open === 2)
  await probe.flush()
  expect(long(ledger.window('baseline'))).toEqual([{ outcome: 'ok', version: '1.0.0', n: 2 }])
  expect(long(ledger.window('canary'))).toEqual([])
  for (const answer of answers.splice(0)) answer()
  await until(() => open === 2)
  await probe[Symbol.asyncDispose]()
  expect(long(ledger.window('canary'))).toEqual([{ outcome: 'ok', version: '1.0.0', n: 2 }])
  expect(most).toBe(2)
  // Its latency is meant to be long, and its version says nothing of who is given requests now.
  const quick = ledger.total().counts.reduce((sum, { lane, n }) => (lane === 'long' ? sum : sum + n), 0)
  expect(ledger.total().latency['1.0.0']?.n).toBe(quick)
  const { planned, sent } = ledger.total().schedule
  expect(sent).toBe(planned)
})

test('one that is cut off is harm, and is followed by the next at a pace', async () => {
  const asked: number[] = []
  const { ledger } = await watch((_, response) => {
    asked.push(realClock.now())
    if (asked.length > 1) return
    response.writeHead(200, { 'x-app-version': '1.0.0', 'content-length': '100' })
    response.write('part', () => response.destroy())
  })
  await until(() => long(ledger.total()).length > 0)
  expect(long(ledger.total())).toEqual([{ outcome: 'truncated', version: '1.0.0', n: 1 }])
  await until(() => asked.length === 3)
  expect((asked[2] ?? 0) - (asked[0] ?? 0)).toBeGreaterThan(900)
})

test('a service that has no such page is not held to it', async () => {
  let asked = 0
  const { probe, ledger } = await watch((_, response) => {
    asked += 1
    response.writeHead(404)
    response.end()
  })
  await realClock.sleep(1_200)
  await probe[Symbol.asyncDispose]()
  expect(asked).toBe(2)
  expect(long(ledger.total())).toEqual([])
})

test('a probe that stops withdraws what is under way, and waits for nothing', async () => {
  const cut = Promise.withResolvers<void>()
  let open = 0
  const { probe, ledger } = await watch((_, response) => {
    open += 1
    response.on('close', cut.resolve)
  })
  await until(() => open === 2)
  await probe[Symbol.asyncDispose]()
  await cut.promise
  expect(long(ledger.total())).toEqual([])
})

const long = ({ counts }: TrafficWindow) =>
  counts.filter(({ lane }) => lane === 'long').map(({ outcome, version, n }) => ({ outcome, version, n }))

async function watch(slow: RequestListener) {
  const server = await servePage((request, response) => {
    response.setHeader('x-app-version', '1.0.0')
    if (request.url === '/report') slow(request, response)
    else response.end('page')
  })
  owned.push(server)
  const [cloud, fresh] = [connectCloud(plainAddress), connectCloud(plainAddress)]
  owned.push(cloud, fresh)
  const probe = createProbe(
    {
      cloud: plainAddress,
      url: server.url,
      rate: 50,
      timeout: 3_000,
      bucket: 50,
      versions: ['1.0.0'],
      expect: { status: 200 },
      long: { path: '/report', open: 2, timeout: 30_000 },
    },
    cloud,
    { fresh: fresh.dispatcher },
  )
  owned.push(probe)
  const ledger = createTrafficLedger()
  probe.onBucket((bucket, samples) => ledger.add(bucket, samples))
  return { probe, ledger }
}

async function until(condition: () => boolean): Promise<void> {
  const limit = AbortSignal.timeout(10_000)
  while (!condition()) await realClock.sleep(5, limit)
}
