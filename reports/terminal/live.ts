import { isAnnounced } from '#harness/downtime'
import type { JournalEvent } from '#harness/journal/event'
import { count, duration, percent } from '#harness/journal/figures'
import { sharesByVersion } from '#harness/mix'
import type { Plan, Release, Scope } from '#harness/strategy'

/** What is known while a deployment runs: enough for the status line. */
export interface Live {
  readonly plan: Plan | undefined
  /** Whether several services or regions are deployed to; and what each of them gets, where it is not the same. */
  readonly several: boolean
  readonly releases: Readonly<Record<Scope, Release>>
  /** Where it stands, in a word: a stage's name, `pre-deploy`, `clearing up`, `turning back`. */
  readonly place: string
  readonly doing: string
  readonly gate: { readonly since: number; readonly bake: number } | undefined
  /** The new release's share of 1. */
  readonly share: number
  readonly now: number
  readonly requests: number
  readonly harmed: number
  /** The counts when the present place was entered. */
  readonly entered: { readonly requests: number; readonly harmed: number }
}

export const beginning: Live = {
  plan: undefined,
  several: false,
  releases: {},
  place: '',
  doing: '',
  gate: undefined,
  share: 0,
  now: 0,
  requests: 0,
  harmed: 0,
  entered: { requests: 0, harmed: 0 },
}

/** Pure: what is known after one more event. */
export function advance(live: Live, event: JournalEvent): Live {
  const now = { ...live, now: event.at }
  switch (event.type) {
    case 'deployment-started':
      return {
        ...now,
        plan: event.plan,
        several: event.before.length > 1,
        releases: event.releases ?? {},
        place: 'pre-deploy',
      }
    case 'stage-started':
      return enter(now, event.name)
    case 'revert-started':
      return enter(now, 'turning back')
    case 'phase':
      return event.to === 'finishing' ? enter(now, 'clearing up') : now
    case 'action-intended':
      return { ...now, doing: event.what }
    case 'action-ended':
      return { ...now, doing: 'waiting' }
    case 'stage-reached':
      return { ...now, share: shareOf(event, live) }
    case 'traffic-restored':
      return { ...now, share: 0 }
    case 'gate-started':
      return { ...now, gate: { since: event.at, bake: bakeOf(live.plan, event.phase, event.index) } }
    case 'gate-ended':
      return { ...now, gate: undefined, doing: '' }
    case 'traffic': {
      const { stage } = event.bucket
      const counts = event.bucket.counts.filter((each) => !isAnnounced(stage, each))
      const sum = counts.reduce((all, { n }) => all + n, 0)
      const bad = counts.reduce((all, { n, outcome }) => all + (outcome === 'ok' ? 0 : n), 0)
      return { ...now, requests: live.requests + sum, harmed: live.harmed + bad }
    }
    default:
      return now
  }
}

const enter = (live: Live, place: string): Live => ({
  ...live,
  place,
  doing: '',
  gate: undefined,
  entered: { requests: live.requests, harmed: live.harmed },
})

function shareOf(
  event: Extract<JournalEvent, { readonly type: 'stage-reached' }>,
  { plan, releases }: Live,
): number {
  const scopes = Object.entries(event.shares).map(([scope, weights]) => {
    const releaseOf = (fleet: string): string => event.versions[scope]?.[fleet] ?? ''
    return (
      sharesByVersion(weights, releaseOf, event.mixes?.[scope])[releases[scope]?.version ?? plan?.to ?? ''] ??
      0
    )
  })
  return scopes.length === 0 ? 0 : scopes.reduce((sum, share) => sum + share, 0) / scopes.length
}

function bakeOf(plan: Plan | undefined, phase: string, index: number): number {
  const stage = phase === 'pre-deploy' ? plan?.baseline : plan?.stages[index]
  return stage?.gate.bake ?? 0
}

/** One line that says where things stand. */
export function statusLine(live: Live): string {
  const { gate, plan } = live
  const baked = gate ? Math.min(live.now - gate.since, gate.bake) : 0
  const doing =
    gate === undefined
      ? live.doing
      : baked < gate.bake
        ? `${bar(baked / gate.bake)} ${duration(baked)} of ${duration(gate.bake)}`
        : 'judging'
  const split = plan && live.share > 0 ? `${plan.to} ${percent(live.share)}` : ''
  const requests = `${count(live.requests)} requests, ${count(live.harmed)} failed`
  return [live.place, requests, split, doing].filter((part) => part !== '').join(' · ')
}

const BAR = 10
const bar = (part: number): string => {
  const full = Math.round(Math.max(0, Math.min(1, part)) * BAR)
  return '━'.repeat(full) + '─'.repeat(BAR - full)
}
