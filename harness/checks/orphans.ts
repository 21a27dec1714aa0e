import {
  DescribeTagsCommand,
  paginateDescribeTargetGroups,
  type TagDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Cloud } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import { TAG } from '../converge/tags.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type CheckOptions, onlyGroups } from './check.ts'
import { targetsIn, weightsOf } from './describe.ts'
import { count, type Findings, looking, waiting } from './finding.ts'

/** DescribeTags takes at most 20 ARNs (ELBv2 API reference). */
const TAGS_AT_ONCE = 20

/** No target group of this service stands in no rule and yet has targets: instances that cost and never serve. */
export async function orphans(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: CheckOptions,
): Promise<Findings> {
  const { signal } = options
  const expected = 'no target group with targets outside of every rule'
  return looking({ subject: service.scope, expected, signal }, async () => {
    const ours = await unusedGroupsOf(cloud, service, signal)
    if (ours.length === 0) return []
    // A cloud may not keep up which load balancer uses a group; what the listener itself reads back counts.
    const weights = (await weightsOf(cloud, service, signal)) ?? {}
    const led = onlyGroups(service.fleets).flatMap(({ name, targetGroupArn }) =>
      weights[name] === undefined ? [] : targetGroupArn,
    )
    const found = ours
      .filter((arn) => !led.includes(arn))
      .map(async (subject): Promise<Findings> => {
        const targets = await targetsIn(cloud, service, subject, signal)
        if (targets.length === 0) return []
        const seen = count(targets.length, 'target')
        const hint = 'what is left of an earlier deployment: scale its group to 0, or delete both'
        return [waiting({ subject, expected: 'no target, for no rule forwards to it', seen, hint })]
      })
    return (await Promise.all(found)).flat()
  })
}

async function unusedGroupsOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { elbv2 } = cloud.region(service.region)
  const unused: string[] = []
  for await (const page of paginateDescribeTargetGroups({ client: elbv2 }, {}, abortable(signal))) {
    for (const group of page.TargetGroups ?? []) {
      if (group.TargetGroupArn && !group.LoadBalancerArns?.length) unused.push(group.TargetGroupArn)
    }
  }
  const tags: TagDescription[] = []
  for (let i = 0; i < unused.length; i += TAGS_AT_ONCE) {
    const ResourceArns = unused.slice(i, i + TAGS_AT_ONCE)
    const answer = await elbv2.send(new DescribeTagsCommand({ ResourceArns }), abortable(signal))
    tags.push(...(answer.TagDescriptions ?? []))
  }
  const known = new Set(onlyGroups(service.fleets).map((fleet) => fleet.targetGroupArn))
  return unused.filter(
    (arn) =>
      known.has(arn) ||
      tags.some(
        (each) =>
          each.ResourceArn === arn &&
          each.Tags?.some((tag) => tag.Key === TAG.service && tag.Value === service.service),
      ),
  )
}
