/** For tests: the sample service as it is simulated, quickly. */
import { REALISTIC } from '#fixtures/clouds/embedded/in-process/noise'
import { compositionNamed, strategyNamed } from '#strategies/index'
import { validateConfig } from '../../config.ts'
import type { StrategySpec } from '../../strategy.ts'
import type { Simulation } from './simulation.ts'

/** Short bakes and little traffic: what is looked at is how a deployment goes, not how well it is judged. */
const QUICK: StrategySpec = { name: 'canary', options: { steps: [25, 100], bake: '1m' } }

interface Given {
  readonly seed?: number
  readonly faults?: Simulation['faults']
  readonly strategy?: StrategySpec
  /** Of the release; it is good without any. */
  readonly defects?: readonly unknown[]
  readonly rate?: number
  /** Who is asked before the deployment goes on, and when they approve. */
  readonly approvals?: Readonly<Record<string, unknown>>
  readonly approvesAfter?: number
  /** What leads users to fleets; the weights of the listener when absent. */
  readonly by?: 'registration'
}

export function sampleSimulation(given: Given = {}): Simulation {
  const { seed = 1, faults = [], strategy = QUICK, defects, rate = 20, approvals, approvesAfter, by } = given
  const version = '2.0.0'
  const exported = {
    cloud: { kind: 'embedded' },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80, ...(by ? { by } : {}) } },
    releases: {
      old: { version: '1.0.0' },
      new: { version, ...(defects ? { userData: { version, defects } } : {}) },
    },
    baseline: 'old',
    release: 'new',
    strategy,
    probe: { rate },
    ...(approvals ? { approvals } : {}),
  }
  const config = validateConfig(exported, {}, 'the sample simulation', process.cwd(), {
    strategyNamed,
    compositionNamed,
  })
  return {
    config,
    seed,
    faults,
    noise: REALISTIC,
    ...(approvesAfter === undefined ? {} : { approvesAfter }),
  }
}
