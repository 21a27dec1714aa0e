import { CreateOrUpdateTagsCommand, DeleteTagsCommand } from '@aws-sdk/client-auto-scaling'
import type { FleetName, FleetSnapshot, Kept } from '../strategy.ts'
import type { ActionContext } from './context.ts'
import { TAG } from './tags.ts'

/** What a tag says of it; undefined where nobody recorded anything, or not as Sluice does. */
export function keptUntilIn(value: string | undefined): number | undefined {
  const until = Date.parse(value ?? '')
  return Number.isNaN(until) ? undefined : until
}

/** Whether a fleet stands by as it shall. One that is to do so for a while does so already once that was recorded. */
export function isKept({ keptUntil }: Pick<FleetSnapshot, 'keptUntil'>, kept: Kept | undefined): boolean {
  if (!kept) return keptUntil === undefined
  return kept.until === undefined ? keptUntil !== undefined : keptUntil === kept.until
}

/** Records at a fleet until when it stands by, or that it does not. */
export async function setKept(
  context: ActionContext,
  fleet: FleetName,
  kept: Kept | undefined,
): Promise<void> {
  const tag = { ResourceType: 'auto-scaling-group', ResourceId: fleet, Key: TAG.keptUntil }
  const options = { abortSignal: context.signal }
  const { autoScaling } = context.clients
  if (!kept) {
    await autoScaling.send(new DeleteTagsCommand({ Tags: [tag] }), options)
    return
  }
  const until = kept.until ?? context.clock.now() + kept.for
  const Value = new Date(until).toISOString()
  await autoScaling.send(
    new CreateOrUpdateTagsCommand({ Tags: [{ ...tag, Value, PropagateAtLaunch: false }] }),
    options,
  )
}
