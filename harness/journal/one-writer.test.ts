import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSimulatedCloud } from '#fixtures/clouds/embedded/in-process/index'
import { REALISTIC } from '#fixtures/clouds/embedded/in-process/noise'
import { connectCloud } from '../connect/index.ts'
import { type VirtualClock, virtualClock } from '../virtual-clock.ts'
import { acquireLease } from './lease.ts'
import { openStateBucket, type StateBucket } from './state-bucket.ts'

/** How a holder's way to the bucket is from an instant on, in wall milliseconds. */
type Trouble = 'cut' | 'answers lost' | 'hangs' | 'slow'

interface Holder {
  /** When it wants the service, and for how long it writes. */
  readonly from: number
  readonly writes: number
  /** It is stopped without a word instead of giving the service back. */
  readonly dies: boolean
  readonly troubles: readonly { readonly from: number; readonly for: number; readonly what: Trouble }[]
}

interface Write {
  readonly at: number
  readonly by: number
}

const START = Date.UTC(2026, 0, 1)
const SPAN = 300_000
const EVERY = 500
const SLOW = 20_000

const trouble = fc.record({
  from: fc.integer({ min: 0, max: SPAN }),
  for: fc.integer({ min: 1_000, max: 150_000 }),
  what: fc.constantFrom<Trouble>('cut', 'answers lost', 'hangs', 'slow'),
})
const holder = fc.record({
  from: fc.integer({ min: 0, max: SPAN }),
  writes: fc.integer({ min: 1_000, max: SPAN }),
  dies: fc.boolean(),
  troubles: fc.array(trouble, { maxLength: 3 }),
})

/** The bucket as one holder reaches it. */
function through(bucket: StateBucket, { troubles }: Holder, clock: VirtualClock): StateBucket {
  const reach = async <T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    const at = clock.now() - START
    const now = troubles.find((each) => each.from <= at && at < each.from + each.for)?.what
    if (now === 'cut') throw new Error('no route to the bucket')
    if (now === 'hangs') await clock.sleep(SPAN, signal)
    if (now === 'slow') await clock.sleep(SLOW, signal)
    const answer = await call()
    if (now === 'answers lost') throw new Error('the connection was reset')
    return answer
  }
  return {
    name: bucket.name,
    read: (key, signal) => reach(() => bucket.read(key, signal), signal),
    write: (key, value, seen, signal) => reach(() => bucket.write(key, value, seen, signal), signal),
  }
}

/** Wants the service until it has it or the time is over, then writes for as long as it may. */
async function hold(
  index: number,
  given: Holder,
  bucket: StateBucket,
  clock: VirtualClock,
  written: Write[],
): Promise<void> {
  const name = `holder ${index}`
  const claim = { scope: 'shop', deployment: name, holder: name, strategy: 'canary', from: '1', to: '2' }
  // A process that dies renews no more: its clock stands.
  let alive = true
  const wall = {
    ...clock.wall,
    timer: (ms: number, callback: () => void) => clock.wall.timer(ms, () => alive && callback()),
  }
  await clock.sleep(given.from)
  const over = new AbortController()
  const end = clock.timer(2 * SPAN, () => over.abort(new Error('the time is over')))
  const want = async () => {
    for (;;) {
      try {
        return await acquireLease(claim, { bucket, wall, signal: over.signal })
      } catch {
        if (over.signal.aborted) return undefined
        await clock.sleep(1_000)
      }
    }
  }
  const lease = await want()
  end.cancel()
  if (!lease) return
  const until = clock.now() + given.writes
  while (clock.now() < until) {
    try {
      lease.check()
      written.push({ at: clock.now(), by: index })
    } catch {
      if (lease.signal.aborted) break
    }
    await clock.sleep(EVERY)
  }
  if (given.dies) alive = false
  else await lease[Symbol.asyncDispose]()
}

/** Who wrote, in the order of writing, each turn once. */
const turns = (written: readonly Write[]): readonly number[] =>
  written
    .toSorted((a, b) => a.at - b.at)
    .map(({ by }) => by)
    .filter((by, i, all) => by !== all[i - 1])

test('whatever befalls the holders and their ways to the bucket, no two ever write at once', {
  timeout: 120_000,
}, async () => {
  let took = 0
  await fc.assert(
    fc.asyncProperty(fc.array(holder, { minLength: 2, maxLength: 4 }), async (holders) => {
      const clock = virtualClock(START)
      await using simulated = await createSimulatedCloud({
        clock,
        settle: 'instant',
        noise: REALISTIC,
        seed: 1,
      })
      const { requestHandler, dispatcher, address } = simulated
      const written: Write[] = []
      await clock.run(async () => {
        const inProcess = { clock, requestHandler, dispatcher, random: () => 0.5 }
        await using cloud = connectCloud(address, { inProcess })
        const place = { s3: cloud.region().s3, account: address.account, region: 'us-east-1' }
        const bucket = await openStateBucket(place, { prefix: '' }, true)
        if (!bucket) throw new Error('a bucket that was to be made is not there')
        await Promise.all(
          holders.map((each, index) => hold(index, each, through(bucket, each, clock), clock, written)),
        )
      })
      // A holder that another one came after never writes again.
      const order = turns(written)
      expect(order).toEqual([...new Set(order)])
      if (order.length > 1) took += 1
    }),
    { numRuns: 25, seed: 9 },
  )
  // Something was to be shown: the service changed hands in most of them.
  expect(took).toBeGreaterThan(8)
})
