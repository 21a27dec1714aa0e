/** For tests: what a deployment did, to be compared with what another cloud saw of the same deployment. */
import type { JournalEvent } from '../journal/event.ts'

/** Of traffic alone: where nothing carries any, there are none. */
const OF_TRAFFIC: readonly JournalEvent['type'][] = ['traffic', 'last-seen', 'writes-read-back']

/** Names of the tests that did not run at every gate of every deployment that has them: one of the clouds has not got what they judge. */
export function ranNotInAll(...all: readonly (readonly JournalEvent[])[]): ReadonlySet<string> {
  const tests = all.map((events) =>
    events.flatMap((event) => (event.type === 'gate-ended' ? event.tests : [])),
  )
  const absent = (name: string): boolean => tests.some((own) => own.every((test) => test.name !== name))
  const apart = tests.flat().filter(({ status, name }) => status === 'skipped' || absent(name))
  return new Set(apart.map(({ name }) => name))
}

/** An event a line, without what differs by nature: instants, lengths, ids, ARNs, traffic, and these tests. */
export function course(events: readonly JournalEvent[], without: ReadonlySet<string>): string[] {
  const stages = new Set(events.flatMap((event) => (event.type === 'stage-started' ? event.name : [])))
  return events
    .filter((event) => !OF_TRAFFIC.includes(event.type) && !isSeenToFollow(event, stages))
    .map((event) => `${event.type}: ${told(event, without)}`)
}

/** Until the probe saw that traffic follows the weights of a stage. */
const isSeenToFollow = (event: JournalEvent, stages: ReadonlySet<string>): boolean =>
  event.type === 'waited' && event.for === 'propagation' && stages.has(event.what)

function told(event: JournalEvent, without: ReadonlySet<string>): string {
  switch (event.type) {
    case 'deployment-started':
      return `${event.service} ${event.release.version}: ${event.plan.stages.map(({ name }) => name).join(', ')}`
    case 'phase':
      return `${event.from} → ${event.to}`
    case 'stage-started':
      return event.name
    case 'stage-reached':
      return `${event.name} ${JSON.stringify([event.shares, event.versions, event.mixes])}`
    case 'action-intended':
      return `${event.id} ${event.scope} ${event.kind}: ${event.what}`
    case 'action-ended':
      return `${event.id} ${event.kind} ${event.outcome} ${event.error ?? ''}`
    case 'waited':
      return `${event.for}: ${event.what}`
    case 'gate-started':
      return `${event.stage} ${event.phase}`
    case 'gate-ended':
      return `${event.stage} ${event.phase} ${event.verdict.status}: ${event.tests
        .filter(({ name }) => !without.has(name))
        .map(({ status, name }) => `${status} ${name}`)
        .sort()
        .join('; ')}`
    case 'revert-started':
      return `${event.cause} in ${event.stage}`
    case 'traffic-restored':
      return event.scope ?? ''
    case 'interrupted':
      return `${event.signal} ${event.times}`
    case 'note':
      return `${event.level} ${event.text}`
    case 'deployment-ended':
      return `${event.state} ${event.exitCode}: ${event.sentence}`
    default:
      return ''
  }
}
