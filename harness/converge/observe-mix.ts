import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2'
import type { RegionClients } from '../cloud.ts'
import type { FleetSnapshot, MixedRelease } from '../strategy.ts'
import { activeRefresh } from './refresh-state.ts'
import { releaseIn, versionsMadeFor } from './template.ts'

interface Recorded {
  readonly LaunchTemplateId?: string | undefined
  readonly Version?: string | undefined
}

/** What the instances of a group run; undefined where all of them run the version that the group records. */
export async function observeMix(
  clients: RegionClients,
  group: AutoScalingGroup,
  recorded: Recorded | undefined,
  signal?: AbortSignal,
): Promise<readonly MixedRelease[] | undefined> {
  const byVersion = new Map<string, string[]>()
  for (const { InstanceId: id, LaunchTemplate: own, LifecycleState: state } of group.Instances ?? []) {
    if (!id || !own?.Version || own.LaunchTemplateId !== recorded?.LaunchTemplateId) continue
    if (/^(Terminat|Detach)/.test(state ?? '')) continue
    byVersion.set(own.Version, [...(byVersion.get(own.Version) ?? []), id])
  }
  const numbers = [...byVersion.keys()].sort((a, b) => Number(a) - Number(b))
  // `$Latest` and `$Default` are what they are; only of a number can it be said that an instance runs another one.
  if (!/^\d+$/.test(recorded?.Version ?? '') || numbers.every((number) => number === recorded?.Version)) {
    return undefined
  }
  const { LaunchTemplateVersions: versions = [] } = await clients.ec2.send(
    new DescribeLaunchTemplateVersionsCommand({
      LaunchTemplateId: recorded?.LaunchTemplateId,
      Versions: numbers,
    }),
    signal ? { abortSignal: signal } : {},
  )
  return numbers.map((launchTemplateVersion) => ({
    launchTemplateVersion,
    release:
      releaseIn(versions.find((each) => String(each.VersionNumber) === launchTemplateVersion)) ?? 'unknown',
    instanceIds: byVersion.get(launchTemplateVersion)?.sort() ?? [],
  }))
}

/** What a deployment that changes fleets in place leaves at one while it is at it. */
export async function observeTraces(
  clients: RegionClients,
  { AutoScalingGroupName: name = '', LaunchTemplate: template }: AutoScalingGroup,
  deployment: string,
  signal?: AbortSignal,
): Promise<Pick<FleetSnapshot, 'refreshing' | 'made'>> {
  if (!template?.LaunchTemplateId) return {}
  const [refresh, made] = await Promise.all([
    activeRefresh(clients, name, signal),
    versionsMadeFor(clients, template.LaunchTemplateId, { fleet: name, by: deployment }, signal),
  ])
  return { ...(refresh ? { refreshing: true } : {}), ...(made.length > 0 ? { made } : {}) }
}
