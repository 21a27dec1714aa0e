import type { FaultSpec } from '#fixtures/clouds/embedded/chaos/index'
import type { SimulatedCloud } from '#fixtures/clouds/embedded/in-process/index'
import type { Chance } from '#fixtures/clouds/embedded/in-process/noise'
import { SluiceError } from '../../errors.ts'
import type { VirtualClock } from '../../virtual-clock.ts'

/** What may befall a simulated deployment. */
export type Fault =
  /** Instances are lost with their machines, at random instants. */
  | { readonly kind: 'kill-instance' }
  /** The process is stopped at a random call and another one takes up its deployment. */
  | { readonly kind: 'crash' }
  /** What the embedded cloud injects; `mayStop`: even a good release may be taken back because of it. */
  | { readonly kind: 'injected'; readonly spec: unknown; readonly mayStop?: true }

const injected = (spec: FaultSpec): Fault => ({ kind: 'injected', spec })

/** By the name that `--fault` takes. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'kill-instance': { kind: 'kill-instance' },
  crash: { kind: 'crash' },
  throttle: injected({ action: 'aws:fis:inject-api-throttle-error', which: { percentage: 5 } }),
  'lose-answer': injected({ action: 'sluice:lose-api-answer', which: { percentage: 2 } }),
  stale: injected({ action: 'sluice:stale-api', parameters: { age: '5s' }, which: { percentage: 10 } }),
}

/** A name, or a fault as the embedded cloud takes it, as JSON. Throws `usage` for anything else. */
export function readFault(given: string): Fault {
  const named = Object.hasOwn(FAULTS, given) ? FAULTS[given] : undefined
  if (named) return named
  try {
    const spec: unknown = JSON.parse(given)
    if (typeof spec === 'object' && spec !== null) return { kind: 'injected', spec, mayStop: true }
  } catch {
    // Not JSON either.
  }
  throw new SluiceError('usage', `--fault ${given} is no fault that is known`, {
    hint: `known: ${Object.keys(FAULTS).join(', ')}, or the JSON of one that the embedded cloud injects`,
  })
}

/** Kills one instance of a group at a random instant within `span` milliseconds from now. */
export function killOne(cloud: SimulatedCloud, clock: VirtualClock, chance: Chance, span: number): void {
  const { chaos, world } = cloud
  clock.timer(chance.uniform() * span, () => {
    const alive = [...world.regions()].flatMap(({ ec2, autoScaling }) =>
      [...autoScaling.instances.values()].flatMap(({ instanceId }) => {
        const row = ec2.instances.get(instanceId)
        return row?.state === 'running' ? [row.instanceId] : []
      }),
    )
    const victim = alive[Math.floor(chance.uniform() * alive.length)]
    if (victim !== undefined) {
      chaos.inject({ action: 'sluice:kill-instances', targets: { instanceIds: [victim] } })
    }
  })
}
