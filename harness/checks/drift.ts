import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import type { ResponseLaunchTemplateData } from '@aws-sdk/client-ec2'
import type { Cloud } from '../cloud.ts'
import { TAG } from '../converge/tags.ts'
import { releaseIn } from '../converge/template.ts'
import type { GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { groupsOf, inService, instancesOf, templateVersion } from './describe.ts'
import { type Findings, list, looking, wrong } from './finding.ts'

/**
 * Nobody has changed a fleet behind the back of its last deployment: its group launches the release that its tag names,
 * and its instances have the type and the security groups that they were launched with.
 */
export async function drift(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const { signal } = options
  const fleets = groupsIn(service, options)
  const expected = 'fleets as they were deployed'
  return looking({ subject: service.scope, expected, signal }, async () => {
    const groups = await groupsOf(cloud, service, fleets, signal)
    const found = fleets.map(async (fleet): Promise<Findings> => {
      const group = groups.get(fleet.autoScalingGroupName)
      if (!group || !fleet.launchTemplate.id) return []
      const [version, changed] = await Promise.all([
        templateVersion(cloud, service, fleet.launchTemplate, signal),
        readInstances(cloud, service, group, signal),
      ])
      return [
        ...ofRecord(fleet, group, releaseIn(version)),
        ...changed.flatMap((instance) => ofInstance(instance, version?.LaunchTemplateData ?? {}, group)),
      ]
    })
    return (await Promise.all(found)).flat()
  })
}

const readInstances = (
  cloud: Cloud,
  service: ServiceSnapshot,
  group: AutoScalingGroup,
  signal: AbortSignal | undefined,
) =>
  instancesOf(
    cloud,
    service,
    inService(group).flatMap((each) => each.InstanceId ?? []),
    signal,
  )

function ofRecord(fleet: GroupFleet, group: AutoScalingGroup, launches: string | undefined): Findings {
  const tagged = group.Tags?.find(({ Key }) => Key === TAG.release)?.Value
  if (tagged === undefined || launches === undefined || tagged === launches) return []
  const { id, version } = fleet.launchTemplate
  return [
    wrong({
      subject: fleet.autoScalingGroupName,
      expected: `release ${tagged}, as its tag ${TAG.release} says`,
      seen: `${id} version ${version} of ${launches}`,
      hint: 'somebody has changed the group since its last deployment: find out who, then set what is wrong right',
    }),
  ]
}

type Instance = Awaited<ReturnType<typeof instancesOf>>[number]

function ofInstance(instance: Instance, data: ResponseLaunchTemplateData, group: AutoScalingGroup): Findings {
  const subject = instance.InstanceId ?? ''
  const hint =
    'it was changed while it ran, and what replaces it will differ: replace it, or change its template'
  const wanted = [...(data.SecurityGroupIds ?? [])].sort()
  const own = (instance.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []).sort()
  const differs = wanted.length > 0 && own.length > 0 && list(wanted) !== list(own)
  const type = group.MixedInstancesPolicy ? undefined : data.InstanceType
  return [
    ...(differs
      ? [wrong({ subject, expected: `security groups ${list(wanted)}`, seen: list(own), hint })]
      : []),
    ...(type && instance.InstanceType !== type
      ? [wrong({ subject, expected: `instance type ${type}`, seen: instance.InstanceType ?? 'none', hint })]
      : []),
  ]
}
