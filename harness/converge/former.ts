import { CreateOrUpdateTagsCommand, DeleteTagsCommand } from '@aws-sdk/client-auto-scaling'
import type { FleetName, Former } from '../strategy.ts'
import type { ActionContext } from './context.ts'
import { TAG } from './tags.ts'

const APART = 'apart'

/** As a tag's value: letters, digits, spaces and `_.:/=+-@`, 256 characters at most (EC2 Auto Scaling, Tag). */
export function writtenFormer(former: Former): string {
  if (former.by === 'downtime') return APART
  const { launchTemplateVersion, minHealthy, maxHealthy, release } = former
  return `version ${launchTemplateVersion} healthy ${minHealthy}-${maxHealthy} release ${release}`
}

/** What a tag says of it; undefined where nobody recorded anything, or not as Sluice does. */
export function formerIn(value: string | undefined): Former | undefined {
  if (value === APART) return { by: 'downtime' }
  const found = /^version (\d+) healthy (\d+)-(\d+) release (.+)$/.exec(value ?? '')
  const [, launchTemplateVersion, minHealthy, maxHealthy, release] = found ?? []
  if (launchTemplateVersion === undefined || release === undefined) return undefined
  return {
    by: 'refresh',
    launchTemplateVersion,
    release,
    minHealthy: Number(minHealthy),
    maxHealthy: Number(maxHealthy),
  }
}

export const sameFormer = (a: Former | undefined, b: Former | undefined): boolean =>
  (a && writtenFormer(a)) === (b && writtenFormer(b))

/** Records at a fleet how the release that served before is got back, or that there is nothing to be known of it. */
export async function setFormer(
  context: ActionContext,
  fleet: FleetName,
  former: Former | undefined,
): Promise<void> {
  const tag = { ResourceType: 'auto-scaling-group', ResourceId: fleet, Key: TAG.former }
  const options = { abortSignal: context.signal }
  await (former
    ? context.clients.autoScaling.send(
        new CreateOrUpdateTagsCommand({
          Tags: [{ ...tag, Value: writtenFormer(former), PropagateAtLaunch: false }],
        }),
        options,
      )
    : context.clients.autoScaling.send(new DeleteTagsCommand({ Tags: [tag] }), options))
}
