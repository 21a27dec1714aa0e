import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { groupsOf } from './describe.ts'
import { type Findings, list, looking, wrong } from './finding.ts'

export interface ProcessOptions extends FleetOptions {
  /** Processes that may be suspended, e.g. those that were so before. */
  readonly allowed?: readonly string[] | undefined
}

/**
 * No process of the groups is suspended: a group that cannot launch, terminate, register or replace stalls a
 * deployment and does not heal.
 */
export async function suspendedProcesses(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: ProcessOptions,
): Promise<Findings> {
  const { signal, allowed = [] } = options
  return looking({ subject: service.scope, expected: 'no suspended process', signal }, async () => {
    const groups = await groupsOf(cloud, service, groupsIn(service, options), signal)
    return [...groups].flatMap(([subject, group]) => {
      const suspended = (group.SuspendedProcesses ?? []).filter(
        (process) => !allowed.includes(process.ProcessName ?? ''),
      )
      if (suspended.length === 0) return []
      const seen = list(
        suspended.map((each) => `${each.ProcessName} (${each.SuspensionReason ?? 'no reason'})`),
      )
      const hint = `find out why, then: aws autoscaling resume-processes --auto-scaling-group-name ${subject}`
      return wrong({ subject, expected: 'no suspended process', seen, hint })
    })
  })
}
