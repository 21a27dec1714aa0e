import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import type { TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Cloud } from '../cloud.ts'
import { isDetached } from '../converge/attachment.ts'
import type { GroupFleet, InstanceFleet, ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, fleetsOf, groupsIn } from './check.ts'
import { groupsOf, inService, targetsOf } from './describe.ts'
import { type Findings, looking, waiting, wrong } from './finding.ts'
import { instancesIn } from './instance-fleets.ts'

export interface CapacityOptions extends FleetOptions {
  /** What each of the fleets must at least desire, e.g. what it had before the deployment. */
  readonly capacity?: number | undefined
}

/**
 * The groups run what they desire: that many instances in service, and that many targets healthy. Two facts: an
 * instance may be in service and not healthy, and counts are never summed over groups.
 */
export async function fullCapacity(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: CapacityOptions,
): Promise<Findings> {
  const { signal } = options
  const fleets = groupsIn(service, options)
  const plain = fleetsOf(service, options).filter((fleet) => fleet.kind === 'instances')
  return looking(
    { subject: service.scope, expected: 'every group at its desired capacity', signal },
    async () => {
      const [groups, targets] = await Promise.all([
        groupsOf(cloud, service, fleets, signal),
        Promise.all(fleets.map((fleet) => targetsOf(cloud, service, fleet, signal))),
      ])
      const ofPlain = await Promise.all(plain.map((fleet) => judgeInstances(cloud, service, fleet, options)))
      return [
        ...fleets.flatMap((fleet, i) =>
          judge(
            fleet,
            groups.get(fleet.autoScalingGroupName),
            isDetached(service, fleet.name) ? undefined : (targets[i] ?? []),
            options.capacity,
          ),
        ),
        ...ofPlain.flat(),
      ]
    },
  )
}

/** Nobody but whoever deploys says how many plain instances there shall be: as many as there were. */
async function judgeInstances(
  cloud: Cloud,
  service: ServiceSnapshot,
  fleet: InstanceFleet,
  { capacity = fleet.desiredCapacity, signal }: CapacityOptions,
): Promise<Findings> {
  const { live, passed } = await instancesIn(cloud, service, fleet, signal)
  const what = {
    subject: fleet.name,
    expected: `${capacity} instances that pass their status checks`,
    seen: `${passed.length} of ${live.length}`,
    hint: 'look at DescribeInstanceStatus',
  }
  if (live.length < capacity) return [wrong(what)]
  return passed.length < live.length ? [waiting(what)] : []
}

function judge(
  fleet: GroupFleet,
  group: AutoScalingGroup | undefined,
  /** None where it is attached to no target group: then its instances are all there is to be seen. */
  targets: readonly TargetHealthDescription[] | undefined,
  capacity = 0,
): Findings {
  const subject = fleet.autoScalingGroupName
  const hint = `look at the scaling activities of ${subject}`
  if (!group) return [wrong({ subject, expected: 'an Auto Scaling group', seen: 'there is none', hint })]
  const desired = group.DesiredCapacity ?? 0
  if (desired < capacity) {
    const seen = `desired capacity ${desired}`
    return [wrong({ subject, expected: `desired capacity ${capacity} or more`, seen, hint })]
  }
  const serving = inService(group).length
  const running =
    serving === desired
      ? []
      : waiting({ subject, expected: `${desired} in service`, seen: `${serving}`, hint })
  const healthy = targets?.filter((target) => target.TargetHealth?.State === 'healthy').length
  if (!targets || healthy === desired) return [running].flat()
  const registered = waiting({
    subject: fleet.targetGroupArn,
    expected: `${desired} healthy`,
    seen: `${healthy} of ${targets.length} targets`,
    hint: 'look at the reason codes of DescribeTargetHealth',
  })
  return [running, registered].flat()
}
