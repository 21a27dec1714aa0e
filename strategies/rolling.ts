import { z } from 'zod'
import { duration } from '#harness/duration'
import type {
  FleetSnapshot,
  FleetTarget,
  Former,
  Mix,
  Plan,
  Stage,
  StrategyDefinition,
  StrategySpec,
} from '#harness/strategy'
import { trafficOf } from '#harness/traffic'
import { baselineOf } from './baseline.ts'
import { batch, batches, sizeOf } from './batches.ts'
import { stableOf } from './fleet-name.ts'
import { asFound, held, inPlaceOf, parkedFleets } from './fleets.ts'

const options = z
  .strictObject({
    /** Instances that are replaced at a time: a number of them, or a percentage of the fleet. */
    batch: batch.default('25%'),
    /** Percent of the fleet's capacity that stays healthy at least; below 100 instances end before others replace them. */
    minHealthy: z.int().min(0).max(100).default(100),
    /** Percent of the capacity that may be there at most; room for a batch by default. */
    maxHealthy: z.int().min(100).max(200).optional(),
    /** How long each batch is watched before the next. */
    bake: duration.prefault('5m'),
    /** How much longer an inconclusive batch is watched before it fails closed; as long as the bake by default. */
    extend: duration.optional(),
  })
  .refine(
    ({ minHealthy, maxHealthy = 100 }) => maxHealthy - minHealthy <= 100,
    'expected minHealthy and maxHealthy to be at most 100 apart',
  )

/** Replaces the instances of the fleet within its own group, batch by batch. */
export const rolling = (given: z.input<typeof options> = {}): StrategySpec => ({
  name: 'rolling',
  options: given,
})

/**
 * One Auto Scaling group all along: what changes is what its instances run. There is no second fleet to give traffic
 * back to, so the way back replaces instances again: all of them at once, as far as there is room.
 */
export const rollingStrategy: StrategyDefinition<z.output<typeof options>> = {
  name: 'rolling',
  summary: 'replace the instances of the one fleet batch by batch, by instance refresh',
  options,
  draw:
    ({ batch: size, minHealthy, maxHealthy, bake, extend = bake }) =>
    (service, release): Plan => {
      const stable = stableOf(service)
      const full = stable.desiredCapacity
      // The way back is one batch, as far as there is room.
      const mix = (percent: number, at = percent === 0 ? full : sizeOf(full, size)): Mix => ({
        release: release.version,
        percent,
        replaces: stable.launchTemplate.version,
        minHealthy,
        maxHealthy: maxHealthy ?? roomFor(at, full, minHealthy),
      })
      const stage = (name: string, goal: FleetTarget, gate: Stage['gate']): Stage => ({
        name,
        targets: {
          [service.scope]: {
            fleets: { ...parkedFleets(service), [stable.name]: goal },
            traffic: trafficOf(service, { [stable.name]: 100 }),
          },
        },
        gate,
      })
      const stages = percentages(full, size).map((percent) => {
        const whole = held(stable, release.version, 'stable', full)
        const goal = { ...(percent === 100 ? whole : unmoved(stable, full)), mix: mix(percent) }
        const done = Math.ceil((full * percent) / 100)
        return stage(`rolling ${done} of ${full}`, goal, { suites: 'shift', bake, extend })
      })
      const whole = { ...inPlaceOf(stable, release.version, formerOf(stable, mix(0))), mix: mix(100) }
      const last = stage('give bounds back', whole, { suites: 'post-deploy', bake: 0, extend: 0 })
      return {
        strategy: 'rolling',
        from: stable.release,
        to: release.version,
        baseline: baselineOf(service, { fleets: { [stable.name]: { ...asFound(stable), mix: mix(0) } } }),
        stages: stable.release === release.version ? [] : [...stages, last],
      }
    },
}

/**
 * The fleet while it runs two releases. What a group launches to balance its zones is of the release that it records:
 * meanwhile it launches none.
 */
function unmoved(stable: FleetSnapshot, capacity: number): FleetTarget {
  const goal = held(stable, stable.release, 'stable', capacity)
  return { ...goal, suspendedProcesses: [...new Set([...goal.suspendedProcesses, 'AZRebalance'])].sort() }
}

/** How the fleet goes back once the release is promoted: as it would have gone back before. */
const formerOf = (
  { release }: FleetSnapshot,
  { replaces: launchTemplateVersion, minHealthy, maxHealthy }: Mix,
): Former | undefined =>
  /^\d+$/.test(launchTemplateVersion)
    ? { by: 'refresh', release, launchTemplateVersion, minHealthy, maxHealthy }
    : undefined

/** Whole percentages, as checkpoints are given; in a large group a small batch is one percent. */
const percentages = (full: number, size: z.output<typeof batch>): number[] => [
  ...new Set(batches(full, size).map((done) => Math.max(1, Math.floor((100 * done) / full)))),
]

/** AWS takes bounds that are at most 100 apart, and 200 at most (RefreshPreferences). */
const roomFor = (batchSize: number, full: number, minHealthy: number): number =>
  Math.max(100, Math.min(minHealthy + 100, 200, 100 + Math.ceil((100 * batchSize) / full)))
