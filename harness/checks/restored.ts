import type { Cloud } from '../cloud.ts'
import type { FleetSnapshot, ServiceSnapshot } from '../strategy.ts'
import { type CheckOptions, groupsIn } from './check.ts'
import { groupsOf } from './describe.ts'
import { type Findings, list, looking, wrong } from './finding.ts'

export interface RestoredOptions extends CheckOptions {
  /** The service before the first change. */
  readonly before: ServiceSnapshot
}

/**
 * The fleet that serves now has the bounds and the suspended processes of the one that served before: what was
 * changed for the time of the deployment only was put back.
 */
export async function restored(
  cloud: Cloud,
  service: ServiceSnapshot,
  { before, signal }: RestoredOptions,
): Promise<Findings> {
  const model = before.fleets.find((fleet) => fleet.role === 'stable')
  if (!model) return []
  return looking(
    { subject: service.scope, expected: 'what was changed to be put back', signal },
    async () => {
      const groups = await groupsOf(cloud, service, groupsIn(service, {}), signal)
      return [...groups].flatMap(([subject, group]) => {
        const expected = settings(model)
        const seen = settings({
          minSize: group.MinSize ?? 0,
          maxSize: group.MaxSize ?? 0,
          suspendedProcesses: group.SuspendedProcesses?.map((each) => each.ProcessName ?? '') ?? [],
        })
        const hint = `compare ${subject} with ${model.name} as it was before the deployment`
        return expected === seen ? [] : wrong({ subject, expected, seen, hint })
      })
    },
  )
}

const settings = (fleet: Pick<FleetSnapshot, 'minSize' | 'maxSize' | 'suspendedProcesses'>): string =>
  `minimum ${fleet.minSize}, maximum ${fleet.maxSize}, suspended: ${list([...fleet.suspendedProcesses].sort())}`
