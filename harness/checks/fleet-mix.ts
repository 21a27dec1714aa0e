import type { Cloud } from '../cloud.ts'
import type { StageRef } from '../gate.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import type { CheckOptions } from './check.ts'
import { groupsOf, inService } from './describe.ts'
import { type Findings, looking, waiting } from './finding.ts'

export interface MixOptions extends CheckOptions {
  /** The share of each release in fleets that run two, of 1. */
  readonly mixes: NonNullable<StageRef['mixes']>
}

/**
 * Fleets that are replaced batch by batch have as many instances of the launch template version that their group
 * records as the stage leaves them: one that fell ill and was replaced counts as the version it was replaced by.
 */
export async function fleetMix(
  cloud: Cloud,
  service: ServiceSnapshot,
  { mixes, signal }: MixOptions,
): Promise<Findings> {
  const fleets = service.fleets.filter((fleet) => mixes[fleet.name])
  return looking({ subject: service.scope, expected: 'fleets mixed as the stage says', signal }, async () => {
    const groups = await groupsOf(cloud, service, fleets, signal)
    return fleets.flatMap(({ name, release, launchTemplate }) => {
      const serving = inService(groups.get(name))
      const old = serving.filter((each) => each.LaunchTemplate?.Version === launchTemplate.version).length
      const share = mixes[name]?.[release] ?? 0
      const expected = `${Math.round(share * serving.length)} of ${serving.length} instances on ${release}`
      const hint = `look at the scaling activities of ${name}: which were replaced, and why`
      // Percentages are whole: in a large group that may be an instance more or less.
      const near = Math.abs(old - share * serving.length) < Math.max(0.5, serving.length / 100)
      // Where nobody serves, nothing was seen.
      return near && serving.length > 0 ? [] : waiting({ subject: name, expected, seen: `${old}`, hint })
    })
  })
}
