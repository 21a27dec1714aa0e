import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { realClock, wallClock } from '../clock.ts'
import type { SluiceError } from '../errors.ts'
import type { ProbeSpec } from '../probe.ts'
import { harmed, requests } from './fold.ts'
import { createTrafficLedger } from './ledger.ts'
import { createWatch } from './liveness.ts'
import { plainAddress, servePage } from './served-page.ts'
import { startProbe } from './start-probe.ts'

const owned: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of owned.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

test('a probe in its own thread counts by stage, flushes and stops with nothing lost', async () => {
  const probe = await startProbe(await spec(), { stage: 'before' })
  const ledger = createTrafficLedger()
  probe.onBucket((bucket, samples) => ledger.add(bucket, samples))
  await until(() => requests(ledger.window('before')) >= 20)
  await probe.enter('canary 5%')
  await realClock.sleep(50)
  await probe.flush()
  expect(requests(ledger.window('canary 5%'))).toBeGreaterThan(0)
  await probe[Symbol.asyncDispose]()

  const { schedule } = ledger.total()
  expect(harmed(ledger.total())).toBe(0)
  expect(requests(ledger.total())).toBe(schedule.planned)
  expect(schedule.sent).toBe(schedule.planned)
  const samples = ledger.samples('before')['1.0.0']
  expect(samples).toBeInstanceOf(Float64Array)
  expect(samples).toHaveLength(requests(ledger.window('before')))
  await expect(probe.flush()).rejects.toThrow('the probe was stopped already')
})

test('requests go out while the main thread is busy', async () => {
  const probe = await startProbe(await spec({ rate: 200, url: 'http://127.0.0.1:9/' }))
  owned.push(probe)
  const ledger = createTrafficLedger()
  probe.onBucket((bucket, samples) => ledger.add(bucket, samples))
  await probe.flush()
  const before = ledger.total().schedule.planned
  const end = wallClock.now() + 500
  while (wallClock.now() < end);
  await probe.flush()
  expect(ledger.total().schedule.planned - before).toBeGreaterThan(50)
})

test('a probe that cannot start says why', async () => {
  await expect(startProbe(await spec({ rate: -1 }))).rejects.toThrow('rate: must be above 0, is -1')
})

test('an aborted start ends the thread', async () => {
  const controller = new AbortController()
  const worker = started()
  const starting = startProbe(await spec(), { signal: controller.signal })
  const refused = expect(starting).rejects.toThrow('interrupted')
  const exited = once(await worker, 'exit')
  controller.abort(new Error('interrupted'))
  await refused
  await exited
})

test('a thread that dies is a failure, told to listeners early and late, and no order is taken', async () => {
  const worker = started()
  const probe = await startProbe(await spec())
  const failure = new Promise<SluiceError>((resolve) => probe.onFailure(resolve))
  const flushed = probe.flush().then(() => probe.enter('lost'))
  await (await worker).terminate()
  expect((await failure).message).toContain("the probe's thread died")
  await expect(flushed).rejects.toThrow("the probe's thread died")
  await expect(probe.enter('later')).rejects.toThrow("the probe's thread died")
  const late: SluiceError[] = []
  probe.onFailure((error) => late.push(error))
  expect(late).toEqual([await failure])
  await probe[Symbol.asyncDispose]()
})

test('a failure that nobody listened for comes out when the probe is disposed', async () => {
  const worker = started()
  const probe = await startProbe(await spec())
  await (await worker).terminate()
  await expect(probe[Symbol.asyncDispose]()).rejects.toThrow("the probe's thread died")
})

test('silence of a thread is noticed, unless something is heard in time', async () => {
  const silent = Promise.withResolvers<number>()
  createWatch(20, silent.resolve)
  expect(await silent.promise).toBe(40)

  let alarms = 0
  const watch = createWatch(60_000, () => {
    alarms += 1
  })
  watch.heard()
  watch.stop()
  expect(alarms).toBe(0)
})

/** The next thread that is started. */
async function started(): Promise<Worker> {
  const [worker] = await once(process, 'worker')
  return worker
}

async function spec(partial: Partial<ProbeSpec> = {}): Promise<ProbeSpec> {
  const server = await servePage((_, response) => {
    response.writeHead(200, { 'x-app-version': '1.0.0' })
    response.end('Orders')
  })
  owned.push(server)
  return {
    cloud: plainAddress,
    url: server.url,
    rate: 200,
    timeout: 3_000,
    bucket: 50,
    versions: ['1.0.0'],
    expect: { status: 200, bodyIncludes: 'Orders' },
    ...partial,
  }
}

async function until(condition: () => boolean): Promise<void> {
  const limit = AbortSignal.timeout(10_000)
  while (!condition()) await realClock.sleep(5, limit)
}
