import type { AutoScalingGroup, Instance } from '@aws-sdk/client-auto-scaling'
import type { Cloud } from '../cloud.ts'
import type { GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { groupsOf, inService, instancesOf, templateVersion } from './describe.ts'
import { type Findings, looking, wrong } from './finding.ts'

export interface RecordOptions extends FleetOptions {
  /** Fleets that a deployment replaces batch by batch: one launch template version besides the recorded one is due. */
  readonly mixed?: readonly string[] | undefined
}

/**
 * Every instance in service was launched from the numbered launch template version that its group records, and from
 * that version's image: nothing was changed in place.
 */
export async function immutable(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: RecordOptions,
): Promise<Findings> {
  const { signal } = options
  const fleets = groupsIn(service, options)
  const expected = 'instances of the recorded image and launch template version'
  return looking({ subject: service.scope, expected, signal }, async () => {
    const groups = await groupsOf(cloud, service, fleets, signal)
    const found = fleets.map(async (fleet): Promise<Findings> => {
      const group = groups.get(fleet.autoScalingGroupName)
      const mixed = options.mixed?.includes(fleet.name) ?? false
      return group ? ofGroup(cloud, service, { fleet, group, mixed, signal }) : []
    })
    return (await Promise.all(found)).flat()
  })
}

interface Recorded {
  readonly fleet: GroupFleet
  readonly group: AutoScalingGroup
  readonly mixed: boolean
  readonly signal: AbortSignal | undefined
}

async function ofGroup(
  cloud: Cloud,
  service: ServiceSnapshot,
  { fleet, group, mixed, signal }: Recorded,
): Promise<Findings> {
  const { id, version } = fleet.launchTemplate
  const subject = fleet.autoScalingGroupName
  const hint = 'pin the group to a number with UpdateAutoScalingGroup'
  if (!/^\d+$/.test(version)) {
    const seen = version || 'no launch template'
    return [wrong({ subject, expected: 'a numbered launch template version', seen, hint })]
  }
  const serving = inService(group)
  const allowed = [version, ...(mixed ? otherVersion(serving, fleet.launchTemplate) : [])]
  const [templates, instances] = await Promise.all([
    Promise.all(allowed.map((each) => templateVersion(cloud, service, { id, version: each }, signal))),
    instancesOf(
      cloud,
      service,
      serving.flatMap((each) => each.InstanceId ?? []),
      signal,
    ),
  ])
  const imageOf = (instance: string): string | undefined => {
    const own = serving.find((each) => each.InstanceId === instance)?.LaunchTemplate?.Version ?? version
    return templates[Math.max(0, allowed.indexOf(own))]?.LaunchTemplateData?.ImageId
  }
  const odd = 'it was not launched as the group records: replace it, and find out who changed it'
  return [
    ...serving.flatMap(({ InstanceId: instance = '', LaunchTemplate: own }) =>
      own?.LaunchTemplateId === id && allowed.includes(own.Version ?? '')
        ? []
        : wrong({
            subject: instance,
            expected: `${id} version ${allowed.join(' or ')}`,
            seen: own ? `${own.LaunchTemplateId} version ${own.Version}` : 'no launch template',
            hint: odd,
          }),
    ),
    ...instances.flatMap(({ InstanceId: instance = '', ImageId: own }) => {
      const image = imageOf(instance)
      return !image?.startsWith('ami-') || own === image
        ? []
        : wrong({ subject: instance, expected: `image ${image}`, seen: own ?? 'none', hint: odd })
    }),
  ]
}

/** The one version of the template, besides the recorded one, that instances run; a second one is none that is due. */
function otherVersion(
  serving: readonly Instance[],
  { id, version }: GroupFleet['launchTemplate'],
): readonly string[] {
  const others = serving.flatMap(({ LaunchTemplate: own }) =>
    own?.LaunchTemplateId === id && own.Version !== version && /^\d+$/.test(own.Version ?? '')
      ? (own.Version ?? [])
      : [],
  )
  const numbers = [...new Set(others)]
  return numbers.length === 1 ? numbers : []
}
