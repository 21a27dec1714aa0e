import { expect, test } from 'vitest'
import { recreateStrategy } from '#strategies/recreate'
import { service } from './converge/model-service.ts'
import { describeDowntime, downtimeOf } from './downtime.ts'
import { watchTraffic } from './gate/judge-traffic.ts'
import type { Outcome, TrafficBucket } from './gate.ts'
import { createTrafficLedger } from './probe/ledger.ts'

const bucket = (stage: string, version: string, outcome: Outcome, n: number): TrafficBucket => ({
  from: 0,
  to: 1_000,
  stage,
  counts: [{ version, lane: 'fresh', outcome, n }],
  latency: {},
  schedule: { planned: n, sent: n, dropped: 0, lagP99: 0 },
})

const thresholds = {
  errorRate: { ceiling: 0.02, alpha: 0.01 },
  latency: { p99: 500, slowdown: 1.5 },
  minRequests: 50,
}

/** A watch over what comes in as `seen` on the way to a stage, told after 500 good answers before it. */
function watched(...seen: readonly TrafficBucket[]): AbortSignal {
  const view = createTrafficLedger()
  const before = service(4, 1)
  const stage = { index: 0, name: downtimeOf('recreate'), shares: { orders: 0, 'orders-2-0-0': 100 } }
  const context = {
    cloud: { kind: 'embedded', endpoint: '', dns: '', account: '', region: '', clock: { kind: 'real' } },
    before,
  } as unknown as Parameters<typeof watchTraffic>[0]['context']
  view.add(bucket('before', '1.0.0', 'ok', 500), {})
  using watch = watchTraffic({
    stage,
    context,
    view,
    before: 'before',
    candidate: '2.0.0',
    stable: '1.0.0',
    thresholds,
  })
  for (const one of seen) view.add(one, {})
  return watch.signal
}

const DOWN = downtimeOf('recreate')

test('requests that nobody answers in announced downtime stop nothing', () => {
  expect(watched(bucket(DOWN, '', 'elb-5xx', 900), bucket(DOWN, '', 'refused', 300)).aborted).toBe(false)
})

test('whatever is answered in announced downtime is judged as ever', () => {
  expect(watched(bucket(DOWN, '2.0.0', 'wrong-body', 1)).aborted).toBe(true)
  expect(watched(bucket(DOWN, '9.9.9', 'unknown-version', 1)).aborted).toBe(true)
  expect(watched(bucket(DOWN, '1.0.0', 'target-5xx', 200)).aborted).toBe(true)
})

test('a plan says beforehand at which stage nothing serves, and for how long at least', () => {
  const plan = recreateStrategy.draw({ bake: 1_000 })(service(4, 1), { version: '2.0.0' })
  expect(describeDowntime(plan)).toMatch(/^Downtime at recreate: nothing serves while 1\.0\.0 drains \(1 m\)/)
})
