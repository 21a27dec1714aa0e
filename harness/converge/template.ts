import {
  CreateLaunchTemplateVersionCommand,
  DeleteLaunchTemplateVersionsCommand,
  DescribeLaunchTemplateVersionsCommand,
  type LaunchTemplateVersion,
  paginateDescribeLaunchTemplateVersions,
  type RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2'
import type { RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { FleetName, FleetSnapshot } from '../strategy.ts'
import type { ActionContext } from './context.ts'

/** How launch template versions that Sluice made are told from others: for which fleet, of which release, by whom. */
const MARK = 'sluice:'
const markOf = ({ release, deployment }: ActionContext, fleet: FleetName): string =>
  `${MARK}${fleet} ${release.version} (${deployment})`.slice(0, 255)

/** The release that a launch template version was made for by Sluice, or that its user data names. */
export const releaseIn = (version: LaunchTemplateVersion | undefined): string | undefined =>
  /^sluice:\S+ (.+) \(\S+\)$/.exec(version?.VersionDescription ?? '')?.[1] ??
  versionIn(version?.LaunchTemplateData?.UserData)

/** The `version` of user data that is JSON. */
function versionIn(userData: string | undefined): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(userData ?? '', 'base64').toString('utf8'))
    const version =
      typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined
    return typeof version === 'string' ? version : undefined
  } catch {
    return undefined // Shell scripts and cloud-config are user data as well; they name no version.
  }
}

type Template = FleetSnapshot['launchTemplate']

/**
 * The version of a launch template that a fleet runs the release from: a number, never `$Latest`. `model` is the
 * version it is made after.
 */
export async function launchTemplateVersion(
  context: ActionContext,
  model: Template,
  name: FleetName,
  /** What the release does not say, where the model is no version of what serves. */
  base: Pick<RequestLaunchTemplateData, 'ImageId' | 'UserData'> = {},
): Promise<number> {
  const { release } = context
  if (release.launchTemplateVersion !== undefined) return release.launchTemplateVersion
  const { LaunchTemplateVersion: made } = await context.clients.ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: model.id,
      SourceVersion: model.version,
      VersionDescription: markOf(context, name),
      ClientToken: `${context.deployment}-${name}`.slice(0, 128),
      LaunchTemplateData: {
        ...base,
        ...(release.userData === undefined
          ? {}
          : { UserData: Buffer.from(release.userData).toString('base64') }),
        ...(release.imageId === undefined ? {} : { ImageId: release.imageId }),
      },
    }),
    { abortSignal: context.signal },
  )
  if (made?.VersionNumber === undefined)
    throw new SluiceError('cloud', 'EC2 made a launch template version without a number')
  return made.VersionNumber
}

/** Versions of the template that a deployment made for a fleet; never its default. */
export async function versionsMadeFor(
  clients: RegionClients,
  templateId: string,
  made: { readonly fleet: FleetName; readonly by: string },
  signal?: AbortSignal,
): Promise<string[]> {
  const found: LaunchTemplateVersion[] = []
  for await (const page of paginateDescribeLaunchTemplateVersions(
    { client: clients.ec2 },
    { LaunchTemplateId: templateId },
    signal ? { abortSignal: signal } : {},
  )) {
    found.push(...(page.LaunchTemplateVersions ?? []))
  }
  return found
    .filter(({ VersionDescription: text = '', DefaultVersion: isDefault }) => {
      return text.startsWith(`${MARK}${made.fleet} `) && text.endsWith(` (${made.by})`) && !isDefault
    })
    .flatMap((each) => (each.VersionNumber === undefined ? [] : String(each.VersionNumber)))
}

export async function versionExists(
  { ec2 }: RegionClients,
  templateId: string,
  version: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { LaunchTemplateVersions: found = [] } = await ec2.send(
    new DescribeLaunchTemplateVersionsCommand({
      LaunchTemplateId: templateId,
      MinVersion: version,
      MaxVersion: version,
    }),
    { abortSignal: signal },
  )
  return found.length > 0
}

export async function removeVersions(
  context: ActionContext,
  template: Pick<Template, 'id'>,
  versions: readonly string[],
): Promise<void> {
  await context.clients.ec2.send(
    new DeleteLaunchTemplateVersionsCommand({ LaunchTemplateId: template.id, Versions: [...versions] }),
    { abortSignal: context.signal },
  )
}

/** Removes a fleet's own version. Versions not made by Sluice, and the template's default, stay. */
export async function removeOwnVersion(context: ActionContext, { id, version }: Template): Promise<void> {
  const options = { abortSignal: context.signal }
  const { LaunchTemplateVersions: [found] = [] } = await context.clients.ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: id, Versions: [version] }),
    options,
  )
  if (!found?.VersionDescription?.startsWith(MARK) || found.DefaultVersion) return
  await removeVersions(context, { id }, [version])
}
