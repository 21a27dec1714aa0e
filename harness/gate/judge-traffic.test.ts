import { expect, test } from 'vitest'
import { service } from '../converge/model-service.ts'
import type { StageRef, TrafficBucket } from '../gate.ts'
import { createTrafficLedger } from '../probe/ledger.ts'
import { plainAddress } from '../probe/served-page.ts'
import { countingShortBursts, judgeTraffic } from './judge-traffic.ts'

const STAGE = { index: 0, name: 'canary 5%', shares: { orders: 95, 'orders-2': 5 } }

const counted = (version: string, errors: number, n: number): TrafficBucket['counts'] => [
  { version, lane: 'fresh', outcome: 'ok', n: n - errors },
  { version, lane: 'fresh', outcome: 'target-5xx', n: errors },
]

const schedule = { planned: 9_898, sent: 9_898, dropped: 0, lagP99: 0 }

/** What a look while the bake goes on says of traffic in which a good release had bad luck. */
function look(gates: number | undefined, [errors, n]: readonly [errors: number, n: number]) {
  const counts = [...counted('2.0.0', errors, n), ...counted('1.0.0', 5, 9_375)]
  return judge(STAGE, [{ counts, second: 0 }], gates).find(({ metric }) => metric === 'error rate')?.status
}

interface Second extends Pick<TrafficBucket, 'counts'> {
  readonly second: number
}

function judge(stage: StageRef, seconds: readonly Second[], gates?: number) {
  const view = createTrafficLedger()
  const usual = { from: -300_000, to: 0, stage: 'before', counts: counted('1.0.0', 0, 30_000) }
  view.add({ ...usual, latency: {}, schedule }, {})
  for (const { counts, second } of seconds) {
    const interval = { from: second * 1_000, to: (second + 1) * 1_000 }
    view.add({ ...interval, stage: stage.name, counts, latency: {}, schedule }, {})
  }
  const release = { version: '2.0.0' }
  return judgeTraffic(
    {
      stage,
      context: {
        cloud: plainAddress,
        service: {
          name: 'shop',
          region: 'us-east-1',
          entry: { loadBalancer: 'shop', listener: 80 },
          fleets: 'clone',
          url: '/',
        },
        phase: 'shift',
        release,
        baseline: { version: '1.0.0' },
        thresholds,
        before: service(4, 100),
      },
      view,
      before: 'before',
      candidate: '2.0.0',
      stable: '1.0.0',
      thresholds,
      ...(gates === undefined ? {} : { gates }),
    },
    'continuous',
  )
}

const thresholds = {
  errorRate: { ceiling: 0.02, alpha: 0.01 },
  latency: { p99: 500, slowdown: 1.5 },
  minRequests: 300,
}

test('what would be a false alarm once in a hundred single gates is none where six gates share that chance', () => {
  expect(look(undefined, [4, 523])).toBe('failed')
  expect(look(6, [4, 523])).toBe('passed')
})

test('a release that really fails more often closes one of six gates a few errors later', () => {
  expect(look(6, [6, 523])).toBe('failed')
})

const unanswered = (n: number): TrafficBucket['counts'] => [
  { version: '', lane: 'fresh', outcome: 'elb-5xx', n },
]

/** Five minutes at a quarter of the traffic, in which a second has these requests that nobody answered, of 100. */
function failedAt(stage: StageRef, lost: (second: number) => number): string[] {
  const seconds = Array.from({ length: 300 }, (_, second): Second => {
    const n = lost(second)
    const counts = [
      ...counted('1.0.0', 0, 75),
      ...counted('2.0.0', 0, 25 - Math.min(25, n)),
      ...unanswered(n),
    ]
    return { second, counts: counts.filter((count) => count.n > 0) }
  })
  return judge(stage, seconds).flatMap(({ metric, status }) => (status === 'failed' ? metric : []))
}

const QUARTER = { index: 1, name: 'canary 25%', shares: { orders: 75, 'orders-2': 25 } }
const capacity = { orders: 4, 'orders-2': 1 }

test('the loss of the one machine that a candidate has is not held against the release', () => {
  const lost = (second: number): number => (second >= 100 && second < 115 ? 25 : 0)
  expect(failedAt({ ...QUARTER, capacity }, lost)).toEqual([])
  // Nothing is known of machines: then every error counts.
  expect(failedAt(QUARTER, lost)).toContain('unanswered requests')
})

test('more than one machine was given, and what goes on beyond a burst, is held against the release', () => {
  const outage = (second: number): number => (second >= 290 ? 60 : 0)
  expect(failedAt({ ...QUARTER, capacity }, outage)).toContain('unanswered requests')
  const steady = (second: number): number => (second % 2 === 0 ? 1 : 0)
  expect(failedAt({ ...QUARTER, capacity }, steady)).toEqual(['unanswered requests'])
})

test('a gate does not open by leaving aside most of what was seen', () => {
  const counts = [...counted('1.0.0', 0, 75), ...unanswered(25)]
  const window = { from: 0, stage: 'canary 25%', counts, latency: {}, schedule }
  const burst = { errors: 25, n: 60, between: 60 }
  expect(countingShortBursts({ ...window, burst })).toEqual(window)
  const short = { ...window, burst: { ...burst, n: 50 } }
  expect(countingShortBursts(short)).toEqual(short)
})
