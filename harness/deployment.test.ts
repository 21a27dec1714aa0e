import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Event, isTerminal, next, type Phase } from './deployment.ts'

const good: Event[] = [{ kind: 'started' }, { kind: 'gate-passed' }]

describe('a deployment', () => {
  test('goes through every stage and its gate to promotion', () => {
    const events: Event[] = [
      ...good,
      { kind: 'converged' },
      { kind: 'gate-passed' },
      { kind: 'converged' },
      { kind: 'gate-passed' },
      { kind: 'finished' },
    ]
    const phase = events.reduce<Phase>((now, event) => next(now, event, 2), { kind: 'planned' })
    expect(phase).toEqual({ kind: 'promoted' })
  })

  test('with nothing to do is promoted at once', () => {
    expect(next({ kind: 'planned' }, { kind: 'started' }, 0)).toEqual({ kind: 'promoted' })
  })

  test('stopped before its first change leaves the cloud untouched', () => {
    const phase = next({ kind: 'preparing' }, { kind: 'stopped', cause: 'gate' }, 3)
    expect(phase).toEqual({ kind: 'untouched', cause: 'gate' })
  })

  test('is not interrupted while it reverts', () => {
    const reverting: Phase = { kind: 'reverting', cause: 'gate', stage: 1 }
    expect(next(reverting, { kind: 'stopped', cause: 'interrupted' }, 3)).toBe(reverting)
  })

  test('refuses an event that makes no sense, naming both', () => {
    expect(() => next({ kind: 'preparing' }, { kind: 'restored' }, 3)).toThrow(/preparing .* restored/)
  })

  test('reaches promotion only through a passed gate of every stage', () => {
    const event = fc.constantFrom<Event>(
      { kind: 'gate-passed' },
      { kind: 'converged' },
      { kind: 'finished' },
      { kind: 'stopped', cause: 'error' },
      { kind: 'restored' },
      { kind: 'restore-failed' },
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(event, { maxLength: 30 }), (stages, events) => {
        let phase: Phase = { kind: 'preparing' }
        let passed = 0
        for (const each of events) {
          if (isTerminal(phase)) break
          try {
            const to = next(phase, each, stages)
            if (phase.kind === 'gating' && each.kind === 'gate-passed') passed++
            phase = to
          } catch {
            // Refused: the phase stays.
          }
        }
        if (phase.kind === 'promoted') expect(passed).toBe(stages)
      }),
    )
  })
})
