import { DescribeImagesCommand } from '@aws-sdk/client-ec2'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import type { FleetSnapshot, ServiceSnapshot } from '../strategy.ts'
import { type CheckOptions, fleetsOf } from './check.ts'
import { templateVersion } from './describe.ts'
import { type Findings, looking, waiting, wrong } from './finding.ts'

export interface RevertOptions extends CheckOptions {
  /** What must be launchable again; the serving fleets' own templates when not given. */
  readonly launchTemplates?: readonly FleetSnapshot['launchTemplate'][] | undefined
}

/**
 * What ran can be launched again: its launch template version is a number (`$Latest` would mean something else by
 * then), is still there, and so is its image.
 */
export async function revertible(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: RevertOptions,
): Promise<Findings> {
  const templates = options.launchTemplates ?? fleetsOf(service, {}).map((fleet) => fleet.launchTemplate)
  return (await Promise.all(templates.map((each) => launchable(cloud, service, each, options)))).flat()
}

async function launchable(
  cloud: Cloud,
  service: ServiceSnapshot,
  template: FleetSnapshot['launchTemplate'],
  { signal }: CheckOptions,
): Promise<Findings> {
  const subject = `${template.id || 'launch template'} version ${template.version || '(none)'}`
  if (!template.id || !/^\d+$/.test(template.version)) {
    const expected = 'a launch template with a numbered version'
    const hint = 'pin the group to a number: what $Latest and $Default mean changes'
    return [wrong({ subject, expected, seen: template.id ? template.version : 'no launch template', hint })]
  }
  const expected = 'a launch template version that can be launched again'
  return looking({ subject, expected, signal }, async () => {
    const version = await templateVersion(cloud, service, template, signal)
    if (!version) {
      const hint = 'without it there is no way back: create it again before deploying'
      return [wrong({ subject, expected, seen: 'it is gone', hint })]
    }
    const image = version.LaunchTemplateData?.ImageId
    // An image may also come from a parameter (`resolve:ssm:…`); what that names is EC2's to resolve.
    return image?.startsWith('ami-') ? imageAvailable(cloud, service, { imageId: image, signal }) : []
  })
}

export interface ImageOptions extends CheckOptions {
  readonly imageId: string
}

/** The image is there and available. */
export async function imageAvailable(
  cloud: Cloud,
  service: ServiceSnapshot,
  { imageId, signal }: ImageOptions,
): Promise<Findings> {
  const what = { subject: imageId, expected: 'an available image', signal }
  return looking(what, async () => {
    const { Images: images = [] } = await cloud
      .region(service.region)
      .ec2.send(new DescribeImagesCommand({ ImageIds: [imageId] }), abortable(signal))
    const state = images[0]?.State
    if (state === 'available') return []
    const hint = 'nothing can be launched from it: look at DescribeImages'
    const finding = { ...what, seen: state ?? 'it is gone', hint }
    return [state === 'pending' ? waiting(finding) : wrong(finding)]
  })
}
