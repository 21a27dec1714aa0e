import { expect, test } from 'vitest'
import { entriesOf, strategyNamed, strategyNames } from '#strategies/index'
import { type Fault, readFault } from './faults.ts'
import { unexpected } from './outcome.ts'
import { sampleSimulation } from './sample-simulation.ts'
import { simulateDeployment } from './simulation.ts'

/** Options under which a strategy is quick. */
const QUICK: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ab: { header: { 'x-group': 'beta' }, hold: '1m' },
  canary: { steps: [25, 100] },
  linear: { step: 50 },
}

const BAD = [{ kind: 'error', rate: 0.5 }]

interface Given {
  readonly strategy: string
  readonly seed: number
  readonly fault?: string
  readonly defects?: readonly unknown[]
  readonly by?: 'registration'
}

/** What did not end as it should, each with what repeats it; and how the deployments ended. */
async function simulate(given: readonly Given[]) {
  const wrong: string[] = []
  const states: string[] = []
  for (const { strategy: name, seed, fault, defects, by } of given) {
    const faults: readonly Fault[] = fault === undefined ? [] : [readFault(fault)]
    const strategy = { name, options: { ...QUICK[name], bake: '1m' } }
    const simulation = sampleSimulation({
      seed,
      strategy,
      faults,
      ...(defects ? { defects } : {}),
      ...(by ? { by } : {}),
    })
    const simulated = await simulateDeployment(simulation)
    states.push(simulated.end.state)
    const good = defects === undefined
    const lines = unexpected(simulated, { good, faults })
    wrong.push(
      ...lines.map(
        (line) =>
          `${name}${by ? ` by ${by}` : ''}, ${good ? 'good' : 'bad'}, ${fault}, seed ${seed}: ${line}`,
      ),
    )
  }
  return { wrong, states }
}

/** More of them with `SLUICE_SEEDS=50 npm test -- harness/cli/simulate/promises`. */
const SEEDS = Array.from({ length: Number(process.env['SLUICE_SEEDS'] ?? 1) }, (_, i) => i + 1)

/** Wall milliseconds: a second or two for each deployment, and time to spare where the machine is busy. */
const PATIENT = 180_000

/** What is simulated stands behind a listener. */
const STRATEGIES = strategyNames.filter((name) => entriesOf(strategyNamed(name)).includes('listener'))

for (const strategy of STRATEGIES) {
  test(`by ${strategy} a good release is promoted, and a bad one taken back without a trace`, {
    timeout: PATIENT,
  }, async () => {
    const given = SEEDS.flatMap((seed) => [
      { strategy, seed },
      { strategy, seed, defects: BAD },
    ])
    expect((await simulate(given)).wrong).toEqual([])
  })
}

test('stopped at any call and taken up again, a deployment ends on the old or the new release, with nothing left over', {
  timeout: PATIENT,
}, async () => {
  const given = SEEDS.flatMap((seed) => [
    { strategy: 'canary', seed: 7 * seed, fault: 'crash' },
    { strategy: 'canary', seed: 7 * seed + 1, fault: 'crash' },
    { strategy: 'blue-green', seed: 7 * seed + 2, fault: 'crash' },
    { strategy: 'blue-green', seed: 7 * seed + 3, fault: 'crash' },
    { strategy: 'rolling-fleets', seed: 7 * seed + 4, fault: 'crash' },
    { strategy: 'rolling', seed: 7 * seed + 5, fault: 'crash' },
    { strategy: 'blue-green', seed: 7 * seed + 6, fault: 'crash', by: 'registration' as const },
  ])
  const { wrong, states } = await simulate(given)
  expect(wrong).toEqual([])
  expect(states).toContain('reverted')
})

for (const strategy of strategyNames.filter((name) =>
  entriesOf(strategyNamed(name)).includes('registration'),
)) {
  test(`by registration and ${strategy} a good release is promoted, and a bad one taken back without a trace`, {
    timeout: PATIENT,
  }, async () => {
    const given = SEEDS.flatMap((seed) => [
      { strategy, seed, by: 'registration' as const },
      { strategy, seed, by: 'registration' as const, defects: BAD },
    ])
    expect((await simulate(given)).wrong).toEqual([])
  })
}

for (const fault of ['throttle', 'lose-answer', 'kill-instance', 'stale']) {
  test(`with ${fault} it ends as without, whether the release is good or bad`, {
    timeout: PATIENT,
  }, async () => {
    const given = SEEDS.flatMap((seed) => [
      { strategy: 'canary', seed, fault },
      { strategy: 'blue-green', seed, fault, defects: BAD },
      { strategy: 'blue-green', seed, fault, by: 'registration' as const },
      { strategy: 'all-at-once', seed, fault, by: 'registration' as const, defects: BAD },
    ])
    expect((await simulate(given)).wrong).toEqual([])
  })
}

/** Each of these was once taken back because of how, and when, the one machine was lost. */
const UNLUCKY = [16, 23, 51, 57, 96, 205, 308, 395]

test('a good release is not taken back because one machine is lost, whenever that is', {
  timeout: PATIENT,
}, async () => {
  const faults = [readFault('kill-instance')]
  const strategy = { name: 'canary', options: {} }
  const ended: string[] = []
  for (const seed of UNLUCKY) {
    const { end, events } = await simulateDeployment(sampleSimulation({ seed, strategy, faults, rate: 25 }))
    const sentence = events.findLast((event) => event.type === 'deployment-ended')?.sentence
    if (end.state !== 'promoted') ended.push(`seed ${seed}: ${sentence}`)
  }
  expect(ended).toEqual([])
})
