import type { FleetName, FleetSnapshot, FleetTarget, Target } from './strategy.ts'

/** Shares of 1 by version. */
export type VersionShares = Readonly<Record<string, number>>

/** Instances of a fleet that shall run what replaces its release. */
export const replacedIn = ({ desiredCapacity, mix }: FleetTarget): number =>
  mix ? Math.ceil((desiredCapacity * mix.percent) / 100) : 0

/** Instances of a fleet as observed that do not run the launch template version which is replaced. */
export const freshIn = (fleet: FleetSnapshot, replaces: string): number => {
  if (!fleet.mixed) return fleet.launchTemplate.version === replaces ? 0 : fleet.instances
  return fleet.mixed.reduce(
    (sum, part) => sum + (part.launchTemplateVersion === replaces ? 0 : part.instanceIds.length),
    0,
  )
}

/** How fleets that are to run two releases at once split between them; undefined where each runs one. */
export function mixesOf(target: Target): Readonly<Record<FleetName, VersionShares>> | undefined {
  const mixed = Object.entries(target.fleets).flatMap(([name, goal]) => {
    const share = goal.desiredCapacity === 0 ? 0 : replacedIn(goal) / goal.desiredCapacity
    return goal.mix && share > 0 && share < 1
      ? [[name, { [goal.release]: 1 - share, [goal.mix.release]: share }] as const]
      : []
  })
  return mixed.length === 0 ? undefined : Object.fromEntries(mixed)
}

/** Weights of fleets as shares of versions, fleets that run two split between them. No weight at all is no share. */
export function sharesByVersion(
  weights: Readonly<Record<FleetName, number>>,
  releaseOf: (fleet: FleetName) => string,
  mixes: Readonly<Record<FleetName, VersionShares>> = {},
): Record<string, number> {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  const shares: Record<string, number> = {}
  if (total === 0) return shares
  for (const [fleet, weight] of Object.entries(weights)) {
    for (const [version, share] of Object.entries(mixes[fleet] ?? { [releaseOf(fleet)]: 1 })) {
      shares[version] = (shares[version] ?? 0) + (share * weight) / total
    }
  }
  return shares
}

/** What one instance of a fleet runs. */
export const releaseOn = (fleet: FleetSnapshot, instanceId: string): string =>
  fleet.mixed?.find((part) => part.instanceIds.includes(instanceId))?.release ?? fleet.release
