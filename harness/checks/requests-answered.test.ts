import { expect, test } from 'vitest'
import { entryUrl, inLanes, tryAsk } from './ask.ts'
import { checks } from './index.ts'
import { exceptOneBurst, failures } from './requests-answered.ts'
import { addCandidate, openSampleWorld, type SampleWorld } from './sample-world.ts'

/** Requests as users send them, then until their minute and what a request may take is over. */
async function traffic(world: SampleWorld, n: number): Promise<void> {
  const service = await world.observe()
  const patience = { timeout: 1_000 }
  await inLanes(n, 8, async () => void (await tryAsk(world.cloud, entryUrl(service), patience)))
  await world.cloud.clock.sleep(4 * 60_000)
}

test('requests that a candidate leaves unanswered are its own by the metrics of the load balancer', {
  timeout: 60_000,
}, async () => {
  await using world = await openSampleWorld(2)
  const service = await addCandidate(world, [{ kind: 'hang', rate: 0.5 }])
  expect(await checks.requestsAnswered(world.cloud, service, {})).toEqual([])
  await traffic(world, 240)
  expect(await checks.requestsAnswered(world.cloud, service, {})).toMatchObject([
    {
      severity: 'wrong',
      subject: 'orders-2-0-0',
      seen: expect.stringMatching(
        /^\d+ of \d+ requests failed by the metrics of the load balancer, the worst two minutes left aside, of orders \d of \d+ requests failed$/,
      ),
    },
  ])
  // What an earlier release failed by the same target group is not this one's.
  const since = world.cloud.clock.now()
  expect(await checks.requestsAnswered(world.cloud, service, { since })).toEqual([])
})

test('a candidate that answers as the stable fleet does passes', {
  timeout: 60_000,
}, async () => {
  await using world = await openSampleWorld(2)
  const service = await addCandidate(world)
  await traffic(world, 60)
  expect(await checks.requestsAnswered(world.cloud, service, {})).toEqual([])
})

const minute = (at: number, requests: number, answered: number, broken = 0) => ({
  start: at * 60_000,
  requests,
  answered,
  broken,
})

test('what is answered a minute later has not failed; what is answered never, or with an error, has', () => {
  const counted = [minute(0, 10, 9), minute(1, 10, 8), minute(2, 10, 12, 1), minute(3, 10, 4)]
  expect(failures(counted, 3 * 60_000).map(({ failed }) => failed)).toEqual([1, 0, 1, 0])
  // The last minute counts only when what it was asked has had its time.
  expect(failures(counted, 4 * 60_000).map(({ failed }) => failed)).toEqual([1, 0, 1, 6])
})

test('the worst minute and the worse of its neighbours are left aside, and nothing where no minute was bad', () => {
  const minutes = [0, 3, 9, 4, 0, 2].map((failed, at) => ({ start: at * 60_000, requests: 10, failed }))
  expect(exceptOneBurst(minutes, (each) => each).map(({ failed }) => failed)).toEqual([0, 3, 0, 2])
  const few = minutes.slice(1, 4)
  expect(exceptOneBurst(few, (each) => each)).toEqual(few)
  const quiet = minutes.map((each) => ({ ...each, failed: 0 }))
  expect(exceptOneBurst(quiet, (each) => each)).toEqual(quiet)
})
