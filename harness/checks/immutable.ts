import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import type { Cloud } from '../cloud.ts'
import type { FleetSnapshot, ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, fleetsOf } from './check.ts'
import { groupsOf, inService, instancesOf, templateVersion } from './describe.ts'
import { type Findings, looking, wrong } from './finding.ts'

/**
 * Every instance in service was launched from the numbered launch template version that its group records, and from
 * that version's image: nothing was changed in place.
 */
export async function immutable(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const { signal } = options
  const fleets = fleetsOf(service, options)
  const expected = 'instances of the recorded image and launch template version'
  return looking({ subject: service.scope, expected, signal }, async () => {
    const groups = await groupsOf(cloud, service, fleets, signal)
    const found = fleets.map(async (fleet): Promise<Findings> => {
      const group = groups.get(fleet.autoScalingGroupName)
      return group ? ofGroup(cloud, service, { fleet, group, signal }) : []
    })
    return (await Promise.all(found)).flat()
  })
}

async function ofGroup(
  cloud: Cloud,
  service: ServiceSnapshot,
  {
    fleet,
    group,
    signal,
  }: { fleet: FleetSnapshot; group: AutoScalingGroup; signal: AbortSignal | undefined },
): Promise<Findings> {
  const { id, version } = fleet.launchTemplate
  const subject = fleet.autoScalingGroupName
  const hint = 'pin the group to a number with UpdateAutoScalingGroup'
  if (!/^\d+$/.test(version)) {
    const seen = version || 'no launch template'
    return [wrong({ subject, expected: 'a numbered launch template version', seen, hint })]
  }
  const serving = inService(group)
  const [template, instances] = await Promise.all([
    templateVersion(cloud, service, fleet.launchTemplate, signal),
    instancesOf(
      cloud,
      service,
      serving.flatMap((each) => each.InstanceId ?? []),
      signal,
    ),
  ])
  const image = template?.LaunchTemplateData?.ImageId
  const odd = 'it was not launched as the group records: replace it, and find out who changed it'
  return [
    ...serving.flatMap(({ InstanceId: instance = '', LaunchTemplate: own }) =>
      own?.LaunchTemplateId === id && own.Version === version
        ? []
        : wrong({
            subject: instance,
            expected: `${id} version ${version}`,
            seen: own ? `${own.LaunchTemplateId} version ${own.Version}` : 'no launch template',
            hint: odd,
          }),
    ),
    ...instances.flatMap(({ InstanceId: instance = '', ImageId: own }) =>
      !image?.startsWith('ami-') || own === image
        ? []
        : wrong({ subject: instance, expected: `image ${image}`, seen: own ?? 'none', hint: odd }),
    ),
  ]
}
