import { DescribeAccountLimitsCommand as GroupLimitsCommand } from '@aws-sdk/client-auto-scaling'
import {
  DescribeAccountLimitsCommand as BalancerLimitsCommand,
  paginateDescribeTargetGroups,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Cloud, RegionClients } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { balancersOf, type CheckOptions } from './check.ts'
import { type Findings, looking, wrong } from './finding.ts'

/** How much of a quota is in use. */
export interface Use {
  readonly what: string
  readonly used: number
  readonly most: number
}

/** The account has room for what a second fleet takes: a group, and a target group, on this load balancer too. */
export async function quotas(
  cloud: Cloud,
  service: ServiceSnapshot,
  { signal }: CheckOptions,
): Promise<Findings> {
  const subject = `quotas of ${service.region}`
  return looking({ subject, expected: 'room for a second fleet', signal }, async () => {
    const [balancer] = balancersOf(service)
    const uses = await usesOf(cloud.region(service.region), balancer?.loadBalancerArn ?? '', signal)
    const hint = 'remove some, or ask AWS for a higher quota'
    return uses
      .filter(({ used, most }) => used >= most)
      .map(({ what, used, most }) =>
        wrong({ subject, expected: `fewer than ${most} ${what}`, seen: `${used}`, hint }),
      )
  })
}

/** What a fleet takes one more of. The quotas of instances EC2 does not tell. */
export async function usesOf(
  { autoScaling, elbv2 }: RegionClients,
  loadBalancerArn: string,
  signal?: AbortSignal,
): Promise<readonly Use[]> {
  const [groups, { Limits: limits = [] }, targetGroups] = await Promise.all([
    autoScaling.send(new GroupLimitsCommand({}), abortable(signal)),
    elbv2.send(new BalancerLimitsCommand({}), abortable(signal)),
    targetGroupsIn(elbv2, loadBalancerArn, signal),
  ])
  const most = (name: string): number => Number(limits.find(({ Name }) => Name === name)?.Max ?? Infinity)
  const { NumberOfAutoScalingGroups: used = 0, MaxNumberOfAutoScalingGroups: mostGroups = Infinity } = groups
  return [
    { what: 'Auto Scaling groups', used, most: mostGroups },
    { what: 'target groups', used: targetGroups.all, most: most('target-groups') },
    {
      what: 'target groups of the load balancer',
      used: targetGroups.here,
      most: most('target-groups-per-application-load-balancer'),
    },
  ]
}

async function targetGroupsIn(
  client: RegionClients['elbv2'],
  loadBalancerArn: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly all: number; readonly here: number }> {
  const count = { all: 0, here: 0 }
  for await (const page of paginateDescribeTargetGroups({ client }, {}, abortable(signal))) {
    for (const { LoadBalancerArns: arns = [] } of page.TargetGroups ?? []) {
      count.all++
      if (arns.includes(loadBalancerArn)) count.here++
    }
  }
  return count
}
