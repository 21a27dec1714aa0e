import { UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import { DescribeLaunchTemplateVersionsCommand, type RequestLaunchTemplateData } from '@aws-sdk/client-ec2'
import { SluiceError } from '../errors.ts'
import type { FleetName, FleetSnapshot, FleetTarget } from '../strategy.ts'
import type { ActionContext } from './context.ts'
import { fleetNamed } from './health.ts'
import { launchTemplateVersion, versionsMadeFor } from './template.ts'

type Wanted = NonNullable<FleetTarget['template']>

/** Whether a group launches what it shall: of a release, from a number, and has nothing else running. */
export const hasTemplate = (fleet: FleetSnapshot, wanted: Wanted, release: string): boolean =>
  wanted === 'release'
    ? fleet.release === release && /^\d+$/.test(fleet.launchTemplate.version) && !fleet.mixed
    : fleet.launchTemplate.version === wanted.version

/**
 * Has the group of one of a pair launch from another version of its launch template: the one given, or a numbered one that
 * is made of the release. What an earlier attempt made is adopted. Instances that run already stay what they are.
 */
export async function setTemplate(context: ActionContext, name: FleetName, wanted: Wanted): Promise<void> {
  const fleet = fleetNamed(context, name)
  const version = wanted === 'release' ? await madeOfRelease(context, fleet) : wanted.version
  await context.clients.autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: fleet.autoScalingGroupName,
      LaunchTemplate: { LaunchTemplateId: fleet.launchTemplate.id, Version: version },
    }),
    { abortSignal: context.signal },
  )
}

/**
 * A version after the one that serves today. Where each group has a launch template of its own, it is made after the
 * group's own, with the image and the user data of what serves where the release says nothing of them.
 */
async function madeOfRelease(context: ActionContext, fleet: FleetSnapshot): Promise<string> {
  const { clients, deployment: by, observed, signal } = context
  const { id } = fleet.launchTemplate
  const [made] = await versionsMadeFor(clients, id, { fleet: fleet.name, by }, signal)
  if (made !== undefined) return made
  const serving = observed.fleets.find(({ role, name }) => role === 'stable' && name !== fleet.name)
  if (!serving) throw new SluiceError('internal', `nothing serves beside ${fleet.name}`)
  const version =
    serving.launchTemplate.id === id
      ? await launchTemplateVersion(context, serving.launchTemplate, fleet.name)
      : await launchTemplateVersion(
          context,
          fleet.launchTemplate,
          fleet.name,
          await servedBy(context, serving),
        )
  return String(version)
}

async function servedBy(
  { clients, signal }: ActionContext,
  { launchTemplate: { id, version } }: FleetSnapshot,
): Promise<Pick<RequestLaunchTemplateData, 'ImageId' | 'UserData'>> {
  const { LaunchTemplateVersions: [found] = [] } = await clients.ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: [version] }),
    { abortSignal: signal },
  )
  const { ImageId, UserData } = found?.LaunchTemplateData ?? {}
  return { ...(ImageId === undefined ? {} : { ImageId }), ...(UserData === undefined ? {} : { UserData }) }
}
