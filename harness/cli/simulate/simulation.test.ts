import { expect, test } from 'vitest'
import { unexpected } from './outcome.ts'
import { sampleSimulation } from './sample-simulation.ts'
import { simulateDeployment } from './simulation.ts'

/** Wall milliseconds: a second or two for each deployment, and time to spare where the machine is busy. */
const PATIENT = { timeout: 120_000 }

test('a good release is promoted, in the minutes that it takes', PATIENT, async () => {
  const simulated = await simulateDeployment(sampleSimulation())
  expect(unexpected(simulated, { good: true, faults: [] })).toEqual([])
  expect(simulated.end).toEqual({ state: 'promoted', exitCode: 0 })
  const [first, last] = [simulated.events[0], simulated.events.at(-1)]
  expect((last?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(2 * 60_000)
  expect(simulated.sites.map(({ service }) => service.shares)).toEqual([{ 'shop-2-0-0': 100 }])
})

test('a release that fails its users is taken back, and the cloud is as it was', PATIENT, async () => {
  const defects = [{ kind: 'error', rate: 0.5 }]
  const simulated = await simulateDeployment(sampleSimulation({ defects }))
  expect(unexpected(simulated, { good: false, faults: [] })).toEqual([])
  expect(simulated.end).toEqual({ state: 'reverted', exitCode: 3 })
  expect(simulated.after).toEqual(simulated.before)
})

test(
  'the same seed gives the same journal, byte for byte, with whatever befalls it; another one does not',
  PATIENT,
  async () => {
    const simulate = (seed: number) =>
      simulateDeployment(sampleSimulation({ seed, faults: [{ kind: 'kill-instance' }, { kind: 'crash' }] }))
    const [one, again, other] = [await simulate(3), await simulate(3), await simulate(4)]
    expect(one.journal.length).toBeGreaterThan(10_000)
    expect(again.journal).toBe(one.journal)
    expect(other.journal).not.toBe(one.journal)
  },
)

test('what did not end as it should is said', PATIENT, async () => {
  const simulated = await simulateDeployment(sampleSimulation({ defects: [{ kind: 'error', rate: 0.5 }] }))
  const [ending, ...more] = unexpected(simulated, { good: true, faults: [] })
  expect(ending).toMatch(/it ended reverted with exit code 3: shop is back on 1.0.0: 2.0.0 answered/)
  expect(more).toEqual([])
  const left = { ...simulated, after: { ...simulated.after, 'us-east-1 group shop-2-0-0': '{}' } }
  expect(unexpected(left, { good: false, faults: [] })).toEqual([
    'us-east-1 group shop-2-0-0 is left over: {}',
  ])
})
