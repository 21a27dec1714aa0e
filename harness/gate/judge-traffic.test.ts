import { expect, test } from 'vitest'
import type { TrafficBucket } from '../gate.ts'
import { createTrafficLedger } from '../probe/ledger.ts'
import { plainAddress } from '../probe/served-page.ts'
import { judgeTraffic } from './judge-traffic.ts'

const STAGE = { index: 0, name: 'canary 5%', shares: { shop: 95, 'shop-2': 5 } }

const counted = (version: string, errors: number, n: number): TrafficBucket['counts'] => [
  { version, lane: 'fresh', outcome: 'ok', n: n - errors },
  { version, lane: 'fresh', outcome: 'target-5xx', n: errors },
]

/** What a look while the bake goes on says of traffic in which a good release had bad luck. */
function look(gates: number | undefined, [errors, n]: readonly [errors: number, n: number]) {
  const view = createTrafficLedger()
  const counts = [...counted('2.0.0', errors, n), ...counted('1.0.0', 5, 9_375)]
  const schedule = { planned: 9_898, sent: 9_898, dropped: 0, lagP99: 0 }
  view.add({ from: 0, to: 1_000, stage: STAGE.name, counts, latency: {}, schedule }, {})
  const release = { version: '2.0.0' }
  const evidence = judgeTraffic(
    {
      stage: STAGE,
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
  return evidence.find(({ metric }) => metric === 'error rate')?.status
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
