import { DescribeAccountLimitsCommand as GroupLimitsCommand } from '@aws-sdk/client-auto-scaling'
import {
  DescribeAccountLimitsCommand as BalancerLimitsCommand,
  paginateDescribeTargetGroups,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { RegionClients } from '../../cloud.ts'
import { explainFailure, whyNoAnswer } from '../../connect/index.ts'
import { describeError } from '../../errors.ts'
import { type Diagnosis, ok, warn } from './diagnosis.ts'

/** Room for one more group and one more target group, which a candidate fleet takes. Those of instances EC2 does not tell. */
export async function quotas(clients: RegionClients, signal: AbortSignal): Promise<Diagnosis> {
  try {
    const uses = await Promise.all([groups(clients, signal), targetGroups(clients, signal)])
    const full = uses.filter(({ used, most }) => used >= most)
    const told = (each: readonly Use[]): string =>
      each.map(({ what, used, most }) => `${used} of ${most} ${what}`).join(', ')
    return full.length === 0
      ? ok('quotas', told(uses))
      : warn(
          'quotas',
          `no room for another fleet: ${told(full)}`,
          'remove some, or ask AWS for a higher quota',
        )
  } catch (thrown) {
    signal.throwIfAborted()
    return warn(
      'quotas',
      `could not be read: ${whyNoAnswer(thrown) ?? describeError(explainFailure(thrown) ?? thrown)}`,
      'allow what sluice policy prints, or look at Service Quotas in the console',
    )
  }
}

interface Use {
  readonly what: string
  readonly used: number
  readonly most: number
}

async function groups({ autoScaling }: RegionClients, abortSignal: AbortSignal): Promise<Use> {
  const limits = await autoScaling.send(new GroupLimitsCommand({}), { abortSignal })
  const { NumberOfAutoScalingGroups: used = 0, MaxNumberOfAutoScalingGroups: most = Infinity } = limits
  return { what: 'Auto Scaling groups', used, most }
}

async function targetGroups({ elbv2 }: RegionClients, abortSignal: AbortSignal): Promise<Use> {
  const { Limits: limits = [] } = await elbv2.send(new BalancerLimitsCommand({}), { abortSignal })
  const most = Number(limits.find(({ Name }) => Name === 'target-groups')?.Max ?? Infinity)
  let used = 0
  for await (const page of paginateDescribeTargetGroups({ client: elbv2 }, {}, { abortSignal }))
    used += page.TargetGroups?.length ?? 0
  return { what: 'target groups', used, most }
}
