import type { Outcome } from '#harness/gate'
import type { JournalEvent } from '#harness/journal/event'
import { passed, preDeployTests, shiftTests } from './sample-gates.ts'
import { bad, CANARY, good, OLD, SCOPE } from './sample-plan.ts'
import { ORIGIN, Recorder, SCALE } from './sample-recorder.ts'

/** Journals as deployments write them, for tests of what is told about them. */
export const sampleJournals = {
  promoted: () => promoted(),
  'gate-failed': () => gateFailed(),
  interrupted: () => interrupted(),
  'revert-incomplete': () => revertIncomplete(),
  'never-healthy': () => neverHealthy(),
  untouched: () => untouched(),
  'nothing-to-do': () => nothingToDo(),
  unfinished: () => promoted().slice(0, 40),
} satisfies Record<string, () => readonly JournalEvent[]>

function prepare(record: Recorder, release: string): void {
  record.begin(release)
  record.add({ type: 'gate-started', phase: 'pre-deploy', stage: 'baseline', index: -1 })
  record.wait('bake', 'baseline traffic', 500, { [good.old]: 1 })
  record.wall += 38
  record.add({
    type: 'gate-ended',
    phase: 'pre-deploy',
    stage: 'baseline',
    index: -1,
    verdict: passed('0 of 50 requests failed', { [good.old]: 50 }),
    tests: preDeployTests,
    tookMs: 538 * SCALE,
    bakedMs: 500 * SCALE,
    suitesWallMs: 38,
  })
}

/** Applies the stage up to its weights being read back. */
function reach(record: Recorder, release: string, index: number, share: number, before: number): void {
  const name = `canary ${share}%`
  const mix = { [good.old]: 1 - before / 100, ...(before > 0 ? { [release]: before / 100 } : {}) }
  record.add({ type: 'stage-started', index, name })
  record.enter(name)
  if (index === 0) {
    record.act('create-fleet', `create fleet ${CANARY} (launch template lt-0a1 version 2)`, 24, 5)
    record.act('set-capacity', `set desired capacity of ${CANARY} to 4`, 5)
    record.wait('boot', `4 instances of ${CANARY} InService`, 620, mix)
    record.wait('health', `4 targets of ${CANARY} healthy`, 520, mix)
  }
  record.act('set-weights', `set weights ${OLD} ${100 - share}, ${CANARY} ${share}`, 4)
  record.wait('propagation', 'the probe to see the new split', 120, mix)
  record.add({
    type: 'stage-reached',
    index,
    name,
    shares: { [SCOPE]: { [OLD]: 100 - share, [CANARY]: share } },
    versions: { [SCOPE]: { [OLD]: good.old, [CANARY]: release } },
  })
  record.add({ type: 'phase', from: 'converging', to: 'gating' })
  record.add({ type: 'gate-started', phase: 'shift', stage: name, index })
}

function passGate(record: Recorder, release: string, index: number, share: number): void {
  const mix = { [good.old]: 1 - share / 100, [release]: share / 100 }
  const all = Object.fromEntries(Object.entries(mix).filter(([, part]) => part > 0))
  record.wait('bake', 'bake', 3000, all)
  record.wall += 31
  record.add({
    type: 'gate-ended',
    phase: share === 100 ? 'post-deploy' : 'shift',
    stage: `canary ${share}%`,
    index,
    verdict: passed('0 of 300 requests failed', { [good.old]: 300 - 3 * share, [release]: 3 * share }),
    tests: shiftTests,
    tookMs: 3031 * SCALE,
    bakedMs: 3000 * SCALE,
    suitesWallMs: 31,
  })
}

function promoted(): readonly JournalEvent[] {
  const record = new Recorder()
  prepare(record, good.new)
  const steps = [5, 25, 50, 100]
  for (const [index, share] of steps.entries()) {
    reach(record, good.new, index, share, steps[index - 1] ?? 0)
    passGate(record, good.new, index, share)
  }
  record.add({ type: 'phase', from: 'gating', to: 'finishing' })
  record.wait('drain', `connections of ${OLD}`, 500, { [good.new]: 1 })
  record.act('set-capacity', `set desired capacity of ${OLD} to 0`, 5)
  record.wait('termination', `4 instances of ${OLD}`, 300, { [good.new]: 1 })
  record.add({ type: 'phase', from: 'finishing', to: 'promoted' })
  record.end('promoted', 0, 'orders runs 2.0.0.')
  return record.events
}

function gateFailed(): readonly JournalEvent[] {
  const record = new Recorder()
  prepare(record, bad)
  reach(record, bad, 0, 5, 0)
  passGate(record, bad, 0, 5)
  reach(record, bad, 1, 25, 5)
  const mix = { [good.old]: 0.75, [bad]: 0.25 }
  record.flow(500, mix)
  const detectedAt = record.at + 90 * SCALE
  record.flow(1000, mix, { [bad]: { every: 4, outcome: 'target-5xx' } })
  record.add({ type: 'waited', for: 'bake', what: 'bake, cut short', ms: 1500 * SCALE })
  record.wall += 6
  record.add({
    type: 'gate-ended',
    phase: 'shift',
    stage: 'canary 25%',
    index: 1,
    verdict: {
      status: 'failed',
      sentence:
        '8 of 38 requests answered by 2.0.1 failed (21 %), against 0 of 112 by 1.0.0: e-value 3412 ≥ 100',
      evidence: [
        {
          metric: 'error rate',
          status: 'failed',
          sentence: '8 of 38 requests answered by 2.0.1 failed (21 %), against 0 of 112 by 1.0.0',
          n: { [good.old]: 112, [bad]: 38 },
          effect: 0.21,
          bound: 0.02,
          detectable: 0.06,
        },
        { metric: 'latency', status: 'passed', sentence: 'p99 15.2 ms against 14.2 ms' },
      ],
    },
    tests: [
      ...shiftTests.slice(0, 2),
      {
        file: 'shift/traffic.suite.ts',
        name: 'the main page is the right one',
        status: 'failed',
        tookMs: 15,
        message: 'GET / answered 500, expected 200\nbody: <script>alert("no & never")</script>',
      },
    ],
    tookMs: 1506 * SCALE,
    bakedMs: 1500 * SCALE,
    suitesWallMs: 33,
  })
  revert(record, 'gate', 'canary 25%', detectedAt, { mix, release: bad, harm: 'target-5xx' })
  putBack(record)
  record.end('reverted', 3, 'The gate of canary 25% failed; orders is back on 1.0.0.')
  return record.events
}

interface Reverting {
  readonly mix: Readonly<Record<string, number>>
  readonly release: string
  readonly harm?: Outcome
}

function revert(
  record: Recorder,
  cause: 'gate' | 'error' | 'interrupted',
  stage: string,
  detectedAt: number,
  { mix, release, harm }: Reverting,
): void {
  const decidedAt = record.at
  record.add({
    type: 'revert-started',
    cause,
    stage,
    sentence: cause === 'gate' ? `The gate of ${stage} failed.` : 'Interrupted by SIGINT.',
    detectedAt,
    decidedAt,
    decidedWallAt: ORIGIN + record.wall,
  })
  record.enter('revert')
  record.act('set-weights', `set weights ${OLD} 100, ${CANARY} 0`, 12)
  record.add({ type: 'traffic-restored', calls: 1, afterVerdictMs: 14 * SCALE, afterVerdictWallMs: 14 })
  record.flow(30, mix, harm ? { [release]: { every: 1, outcome: harm } } : {})
  record.add({
    type: 'last-seen',
    version: release,
    afterVerdictMs: 42 * SCALE,
    afterVerdictWallMs: 42,
  })
}

function putBack(record: Recorder): void {
  record.wait('drain', `connections of ${CANARY}`, 500, { [good.old]: 1 })
  record.act('delete-fleet', `delete fleet ${CANARY}`, 14, 4)
  record.wait('termination', `4 instances of ${CANARY}`, 400, { [good.old]: 1 })
  record.add({ type: 'phase', from: 'reverting', to: 'reverted' })
}

function interrupted(): readonly JournalEvent[] {
  const record = new Recorder()
  prepare(record, good.new)
  reach(record, good.new, 0, 5, 0)
  record.flow(700, { [good.old]: 0.95, [good.new]: 0.05 })
  record.add({ type: 'waited', for: 'bake', what: 'bake, cut short', ms: 700 * SCALE })
  record.add({ type: 'interrupted', signal: 'SIGINT', times: 1 })
  revert(record, 'interrupted', 'canary 5%', record.at, {
    mix: { [good.old]: 0.95, [good.new]: 0.05 },
    release: good.new,
  })
  putBack(record)
  record.end('reverted', 130, 'Interrupted at canary 5%; orders is back on 1.0.0.')
  return record.events
}

function neverHealthy(): readonly JournalEvent[] {
  const record = new Recorder()
  prepare(record, bad)
  record.add({ type: 'stage-started', index: 0, name: 'canary 5%' })
  record.act('create-fleet', `create fleet ${CANARY} (launch template lt-0a1 version 2)`, 24, 5)
  record.wait('health', `4 targets of ${CANARY} healthy`, 5000, { [good.old]: 1 })
  record.add({ type: 'note', level: 'error', text: `0 of 4 targets of ${CANARY} became healthy in 5m 00s` })
  record.add({
    type: 'revert-started',
    cause: 'error',
    stage: 'canary 5%',
    sentence: '0 of 4 targets became healthy in 5m 00s (Target.FailedHealthChecks).',
    detectedAt: record.at,
    decidedAt: record.at,
    decidedWallAt: ORIGIN + record.wall,
  })
  record.add({ type: 'traffic-restored', calls: 0, afterVerdictMs: 3 * SCALE, afterVerdictWallMs: 3 })
  putBack(record)
  record.end('reverted', 3, 'canary 5% was never reached; orders is back on 1.0.0.')
  return record.events
}

function revertIncomplete(): readonly JournalEvent[] {
  const record = new Recorder()
  prepare(record, bad)
  reach(record, bad, 0, 5, 0)
  const mix = { [good.old]: 0.95, [bad]: 0.05 }
  record.flow(600, mix, { [bad]: { every: 2, outcome: 'elb-5xx' } })
  const decidedAt = record.at
  record.add({
    type: 'revert-started',
    cause: 'gate',
    stage: 'canary 5%',
    sentence: 'The gate of canary 5% failed.',
    detectedAt: decidedAt - 300 * SCALE,
    decidedAt,
    decidedWallAt: ORIGIN + record.wall,
  })
  record.act('set-weights', `set weights ${OLD} 100, ${CANARY} 0`, 900, 6, 'AccessDenied: not authorized')
  record.flow(500, { [good.old]: 1 }, { [good.old]: { every: 1, outcome: 'elb-5xx' } })
  record.add({ type: 'phase', from: 'reverting', to: 'revert-incomplete' })
  record.end('revert-incomplete', 5, 'The weights could not be set back.', [
    `Set the weights of listener 80 to ${OLD} 100, ${CANARY} 0.`,
    `Delete Auto Scaling group ${CANARY}.`,
  ])
  return record.events
}

function untouched(): readonly JournalEvent[] {
  const record = new Recorder()
  record.begin(good.new)
  record.add({ type: 'gate-started', phase: 'pre-deploy', stage: 'baseline', index: -1 })
  record.flow(500, { [good.old]: 1 })
  record.add({
    type: 'gate-ended',
    phase: 'pre-deploy',
    stage: 'baseline',
    index: -1,
    verdict: { status: 'failed', sentence: '1 of 3 pre-deploy tests failed', evidence: [] },
    tests: [
      ...preDeployTests.slice(0, 2),
      {
        file: 'pre-deploy/revert.suite.ts',
        name: 'the way back is open',
        status: 'failed',
        tookMs: 7,
        message: 'process AlarmNotification of orders is suspended',
      },
    ],
    tookMs: 500 * SCALE,
    bakedMs: 0,
    suitesWallMs: 24,
  })
  record.add({ type: 'phase', from: 'preparing', to: 'untouched' })
  record.end('untouched', 3, 'The pre-deploy gate failed; nothing was changed.')
  return record.events
}

function nothingToDo(): readonly JournalEvent[] {
  const record = new Recorder()
  record.begin(good.old, [])
  record.wall += 12
  record.end('nothing-to-do', 0, 'orders runs 1.0.0 already.')
  return record.events
}
