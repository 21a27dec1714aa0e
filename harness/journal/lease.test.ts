import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { scaledClock, wallClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import { acquireLease, ask, breakLease, type Lease, readLease } from './lease.ts'
import type { Request } from './request.ts'
import { openStateBucket, type StateBucket } from './state-bucket.ts'

/** Wall milliseconds; a minute would be waited for in earnest. */
const TTL = 600
const unstopped = new AbortController().signal

let embedded: EmbeddedCloud
let cloud: Cloud
let bucket: StateBucket
let scope: string
let scopes = 0
beforeAll(async () => {
  embedded = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'instant' })
  cloud = connectCloud(embedded.address)
  bucket = await open()
})
afterAll(async () => {
  await cloud[Symbol.asyncDispose]()
  await embedded[Symbol.asyncDispose]()
})
beforeEach(() => {
  scope = `shop-${scopes++}@us-east-1`
})

async function open(name?: string): Promise<StateBucket> {
  const opened = await openStateBucket(place(), { bucket: name, prefix: 'sluice/' }, true)
  if (!opened) throw new Error('a bucket that was to be made is not there')
  return opened
}

const place = () => ({ s3: cloud.region().s3, account: '123456789012', region: 'us-east-1' })

const acquire = (deployment: string, through = bucket): Promise<Lease> =>
  acquireLease(
    { scope, deployment, holder: `${deployment}'s holder`, strategy: 'canary', from: '1', to: '2' },
    { bucket: through, wall: wallClock, signal: unstopped, ttl: TTL },
  )

/** A bucket that this holder can no longer reach. */
function severable(): { readonly bucket: StateBucket; sever(): void } {
  let gone = false
  const reach = (): void => {
    if (gone) throw new Error('no route to the bucket')
  }
  return {
    bucket: {
      name: bucket.name,
      read: async (key, signal) => {
        reach()
        return bucket.read(key, signal)
      },
      write: async (key, value, seen, signal) => {
        reach()
        return bucket.write(key, value, seen, signal)
      },
    },
    sever: () => {
      gone = true
    },
  }
}

test('of many that want a service at once, one gets it; the others are told who', async () => {
  const tries = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((name) => acquire(name)))
  const held = tries.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  for (const lease of held) onTestFinished(() => lease[Symbol.asyncDispose]())
  expect(held).toHaveLength(1)
  const refusals = tries.flatMap((each) => (each.status === 'rejected' ? each.reason : []))
  expect(refusals).toHaveLength(4)
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({ code: 'busy', message: expect.stringContaining("'s holder since") })
  }
})

test('a lease is renewed for as long as it is held, and free for the next one afterwards', async () => {
  const lease = await acquire('first')
  lease.say('judges canary 5%')
  await wallClock.sleep(2 * TTL)
  lease.check()
  await expect(acquire('second')).rejects.toMatchObject({
    code: 'busy',
    message: expect.stringContaining('judges canary 5%'),
  })
  await lease[Symbol.asyncDispose]()
  expect((await readLease(bucket, scope))?.record).toMatchObject({ state: 'free', deployment: 'first' })
  await using next = await acquire('second')
  expect(next.tookOver).toBeUndefined()
})

test('a holder that cannot renew stops writing before another one may take over, and never writes again after', async () => {
  const { bucket: own, sever } = severable()
  await using first = await acquire('first', own)
  sever()
  await expect
    .poll(() => thrownBy(() => first.check()), { timeout: TTL, interval: 10 })
    .toMatchObject({ code: 'cloud' })
  await using second = await acquire('second')
  expect(second.tookOver).toMatchObject({ deployment: 'first' })
  second.check()
  expect(thrownBy(() => first.check())).toMatchObject({ code: 'cloud' })
})

test('a holder whose lease was taken away hears of it, and must not write', async () => {
  await using lease = await acquire('first')
  expect(await breakLease(bucket, scope, unstopped)).toMatchObject({ deployment: 'first' })
  await expect.poll(() => lease.signal.aborted, { timeout: 4 * TTL }).toBe(true)
  expect(thrownBy(() => lease.check())).toMatchObject({
    code: 'busy',
    message: `deployment first of first's holder has unlocked ${scope}: this deployment must not change it any more`,
  })
})

test('a renewal that arrived although its answer was lost is still its own', async () => {
  const flaky: StateBucket = {
    ...bucket,
    write: async (key, value, seen, signal) => {
      await bucket.write(key, value, seen, signal)
      return bucket.write(key, value, seen, signal) // What the SDK's retry is told.
    },
  }
  await using lease = await acquire('first', flaky)
  await wallClock.sleep(2 * TTL)
  lease.check()
  expect(lease.signal.aborted).toBe(false)
})

test('what is asked on another terminal reaches the deployment that it is for, once', async () => {
  await using lease = await acquire('first')
  const heard: Request[] = []
  lease.onRequest((request) => heard.push(request))
  const request = { ask: 'revert', by: 'ann@laptop', at: new Date(wallClock.now()).toISOString() } as const
  await ask(bucket, scope, { ...request, deployment: 'another' }, unstopped)
  await wallClock.sleep(TTL / 4)
  await ask(bucket, scope, { ...request, deployment: 'first' }, unstopped)
  await expect.poll(() => heard.length, { timeout: 4 * TTL }).toBe(1)
  await wallClock.sleep(TTL / 4)
  expect(heard).toMatchObject([{ ask: 'revert', by: 'ann@laptop' }])
})

test('a bucket that the config names must be there; its own is made once, and by nobody who only looks', async () => {
  const elsewhere = { ...place(), account: '123456789012', region: 'eu-west-1' }
  expect(await openStateBucket(elsewhere, { prefix: 'sluice/' }, false)).toBeUndefined()
  await expect(open('not-there-at-all')).rejects.toMatchObject({
    code: 'precondition',
    message: expect.stringContaining('not-there-at-all'),
  })
  expect((await open()).name).toBe('sluice-123456789012-us-east-1')
})

function thrownBy(work: () => void): unknown {
  try {
    work()
    return undefined
  } catch (thrown) {
    return thrown
  }
}
