import {
  CreateOrUpdateTagsCommand,
  DeleteTagsCommand,
  DescribeAutoScalingGroupsCommand,
  type TagDescription,
} from '@aws-sdk/client-auto-scaling'
import type { FleetName, Marks } from '../strategy.ts'
import type { ActionContext } from './context.ts'
import { TAG } from './tags.ts'

export const sameMarks = (a: Marks | undefined, b: Marks | undefined): boolean =>
  a?.role === b?.role && a?.release === b?.release

/** Makes what tags of a group say of its role and its release exactly this, and leaves every other tag alone. */
export async function setMarks(context: ActionContext, fleet: FleetName, marks: Marks): Promise<void> {
  const options = { abortSignal: context.signal }
  const { autoScaling } = context.clients
  const { AutoScalingGroups: [present] = [] } = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [fleet], IncludeInstances: false }),
    options,
  )
  const wanted = [
    { key: TAG.role, value: marks.role, toInstances: false },
    { key: TAG.release, value: marks.release, toInstances: true },
  ]
  const tagOf = (key: string): TagDescription | undefined => present?.Tags?.find(({ Key }) => Key === key)
  const group = { ResourceType: 'auto-scaling-group', ResourceId: fleet }
  const set = wanted.flatMap(({ key, value, toInstances }) => {
    const tag = tagOf(key)
    if (value === undefined || tag?.Value === value) return []
    return [{ ...group, Key: key, Value: value, PropagateAtLaunch: tag?.PropagateAtLaunch ?? toInstances }]
  })
  const gone = wanted.flatMap(({ key, value }) =>
    value === undefined && tagOf(key) ? [{ ...group, Key: key }] : [],
  )
  if (set.length > 0) await autoScaling.send(new CreateOrUpdateTagsCommand({ Tags: set }), options)
  if (gone.length > 0) await autoScaling.send(new DeleteTagsCommand({ Tags: gone }), options)
}
