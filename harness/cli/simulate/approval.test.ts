import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JournalEvent } from '../../journal/event.ts'
import { unexpected } from './outcome.ts'
import { sampleSimulation } from './sample-simulation.ts'
import { simulateDeployment } from './simulation.ts'

const MINUTE = 60_000
const WITHIN = 30 * MINUTE

/** Cloud milliseconds from the first failed answer of the release to the way back. */
const AT_ONCE = MINUTE

/** The end of the first interval in which the new release failed its users, and not once in a thousand as any does. */
function firstHarm(events: readonly JournalEvent[]): number | undefined {
  const found = events.find((event) => {
    if (event.type !== 'traffic') return false
    const failed = event.bucket.counts.filter(
      ({ version, outcome }) => version === '2.0.0' && outcome !== 'ok',
    )
    return failed.reduce((sum, { n }) => sum + n, 0) > 1
  })
  return found?.type === 'traffic' ? found.bucket.to : undefined
}

const turned = (events: readonly JournalEvent[]): number | undefined =>
  events.find((event) => event.type === 'revert-started')?.at

test('whoever is waited for, traffic goes on being watched: a release that turns bad meanwhile is taken back at once', {
  timeout: 240_000,
}, async () => {
  const came = new Set<string>()
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 45 }),
      fc.option(fc.integer({ min: 3, max: 45 })),
      fc.nat(1_000),
      async (approvedAt, badAt, seed) => {
        const simulated = await simulateDeployment(
          sampleSimulation({
            seed,
            rate: 4,
            approvals: { stages: ['canary 25%'], within: WITHIN },
            approvesAfter: approvedAt * MINUTE,
            ...(badAt === null ? {} : { defects: [{ kind: 'error', rate: 0.9, after: `${badAt}m` }] }),
          }),
        )
        const { events, end } = simulated
        const harm = badAt === null ? undefined : firstHarm(events)
        const back = turned(events)
        if (badAt !== null && (harm !== undefined || end.exitCode === 3)) {
          came.add('turned bad')
          if (harm !== undefined) expect((back ?? Number.POSITIVE_INFINITY) - harm).toBeLessThan(AT_ONCE)
          expect(unexpected(simulated, { good: false, faults: [] })).toEqual([])
        } else if (approvedAt * MINUTE < WITHIN) {
          came.add('approved')
          expect(end).toEqual({ state: 'promoted', exitCode: 0 })
        } else {
          came.add('nobody approved')
          expect(end).toEqual({ state: 'reverted', exitCode: 4 })
          const ended = events.findLast((event) => event.type === 'deployment-ended')
          expect(ended?.sentence).toContain('nobody approved')
        }
      },
    ),
    { numRuns: 12, seed: 14 },
  )
  expect([...came].sort()).toEqual(['approved', 'nobody approved', 'turned bad'])
})
