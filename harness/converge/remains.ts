import {
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  TargetGroupNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { FleetName } from '../strategy.ts'
import { clearBalancer } from './balancer.ts'
import type { ActionContext } from './context.ts'
import { groupExists } from './existing.ts'
import { removeTargetGroup } from './fleet.ts'
import { TAG } from './tags.ts'
import { removeVersions, versionsMadeFor } from './template.ts'

/**
 * Removes what this deployment created of a fleet without its group: a load balancer, a target group, launch template versions. A
 * deployment that was cut off between two calls leaves such, and so does a group that could not be created.
 */
export async function clearRemains(context: ActionContext, name: FleetName): Promise<void> {
  // What has its group is a fleet, though whoever goes back did not come to know of it.
  if (await groupExists(context.clients, name, context.signal)) return
  await clearBalancer(context, name)
  await Promise.all([clearTargetGroup(context, name), clearVersions(context, name)])
}

async function clearTargetGroup(context: ActionContext, name: FleetName): Promise<void> {
  const options = { abortSignal: context.signal }
  const { elbv2 } = context.clients
  try {
    const { TargetGroups: [group] = [] } = await elbv2.send(
      new DescribeTargetGroupsCommand({ Names: [name] }),
      options,
    )
    const arn = group?.TargetGroupArn
    if (arn === undefined) return
    const { TagDescriptions: [found] = [] } = await elbv2.send(
      new DescribeTagsCommand({ ResourceArns: [arn] }),
      options,
    )
    const own = found?.Tags?.some(({ Key, Value }) => Key === TAG.createdBy && Value === context.deployment)
    if (own) await removeTargetGroup(context, arn)
  } catch (thrown) {
    if (!(thrown instanceof TargetGroupNotFoundException)) throw thrown
  }
}

export async function clearVersions(context: ActionContext, fleet: FleetName): Promise<void> {
  const { clients, deployment, observed, signal } = context
  const template = observed.fleets.find(({ role }) => role === 'stable')?.launchTemplate
  if (!template) return
  const made = await versionsMadeFor(clients, template.id, { fleet, by: deployment }, signal)
  if (made.length > 0) await removeVersions(context, template, made)
}
