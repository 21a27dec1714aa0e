import { z } from 'zod'
import { duration } from '#harness/duration'
import type {
  FleetTarget,
  Plan,
  Release,
  ServiceSnapshot,
  Stage,
  StrategyDefinition,
  StrategySpec,
} from '#harness/strategy'
import { baselineOf } from './baseline.ts'
import { candidateName, stableOf } from './fleet-name.ts'
import { asFound, held, inPlaceOf, parked } from './fleets.ts'

const options = z.strictObject({
  /** Percent of traffic at each step, rising; the last one is 100. */
  steps: z
    .array(z.int().min(1).max(100))
    .min(1)
    .refine(
      (steps) => steps.every((step, i) => i === 0 || step > (steps[i - 1] ?? 0)),
      'expected rising percentages',
    )
    .refine((steps) => steps.at(-1) === 100, 'expected the last step to be 100')
    .default([5, 25, 50, 100]),
  /** How long each step is watched before the next. */
  bake: duration.prefault('5m'),
  /** How much longer an inconclusive step is watched before it fails closed; as long as the bake by default. */
  extend: duration.optional(),
})

type CanaryOptions = z.input<typeof options>

/** Shifts traffic to the new release in given steps, each one gated. */
export const canary = (given: CanaryOptions = {}): StrategySpec => ({ name: 'canary', options: given })

/**
 * Beside the stable fleet, which keeps its whole capacity until the last bake has passed, a candidate grows with
 * its share of the traffic. The last stage parks the stable fleet at 0, out of the listener.
 */
export const canaryStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'canary',
  summary: 'shift traffic in steps, e.g. 5 → 25 → 50 → 100 %, watching each one',
  options,
  draw:
    ({ steps, bake, extend = bake }) =>
    (service: ServiceSnapshot, release: Release): Plan => {
      const stable = stableOf(service)
      const candidate = candidateName(service, release)
      const capacity = stable.desiredCapacity
      const others = parkedFleets(service, candidate)
      const target = (fleets: Record<string, FleetTarget>, shares: Record<string, number>) => ({
        [service.scope]: { fleets: { ...others, ...fleets }, traffic: { via: 'listener' as const, shares } },
      })
      const shift = steps.map(
        (step): Stage => ({
          name: `canary ${step}%`,
          targets: target(
            {
              [stable.name]: held(stable, stable.release, 'stable', capacity),
              [candidate]: held(stable, release.version, 'candidate', Math.ceil((capacity * step) / 100)),
            },
            { [stable.name]: 100 - step, [candidate]: step },
          ),
          gate: { suites: 'shift', bake, extend },
        }),
      )
      const retire: Stage = {
        name: 'retire old',
        targets: target(
          { [stable.name]: parked(stable), [candidate]: inPlaceOf(stable, release.version) },
          { [candidate]: 100 },
        ),
        gate: { suites: 'post-deploy', bake: 0, extend: 0 },
      }
      return {
        strategy: 'canary',
        from: stable.release,
        to: release.version,
        baseline: baselineOf(service),
        stages: stable.release === release.version ? [] : [...shift, retire],
      }
    },
}

/** Fleets parked by earlier deployments stay as they are. */
const parkedFleets = (service: ServiceSnapshot, candidate: string): Record<string, FleetTarget> =>
  Object.fromEntries(
    service.fleets
      .filter((fleet) => fleet.role === 'parked' && fleet.name !== candidate)
      .map((fleet) => [fleet.name, asFound(fleet)]),
  )
