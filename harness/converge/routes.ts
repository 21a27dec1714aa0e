import {
  CreateRuleCommand,
  DeleteRuleCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  PriorityInUseException,
  paginateDescribeRules,
  type Rule,
  RuleNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import { conditionsOf, describeConditions, isRoute } from '../route.ts'
import type { ClientRoute, GroupFleet, RouteSnapshot } from '../strategy.ts'
import { type ActionContext, LOOK_INTERVAL } from './context.ts'
import { groupFleets, listenerOf } from './listener.ts'
import { TAG } from './tags.ts'

/** The most resources that one DescribeTags takes (Elastic Load Balancing API reference, version 2015-12-01). */
const MOST_TAGGED = 20
/** Another rule may be made between the look for a free priority and the call. */
const ATTEMPTS = 5

/** The rules of a listener that carry the tag of the service: Sluice made them, and may delete them. */
export async function observeRoutes(
  { elbv2 }: RegionClients,
  listenerArn: string,
  service: string,
  fleets: readonly Pick<GroupFleet, 'name' | 'targetGroupArn'>[],
  signal?: AbortSignal,
): Promise<readonly RouteSnapshot[]> {
  const options = signal ? { abortSignal: signal } : {}
  const rules = (await rulesOf({ elbv2 }, listenerArn, signal)).filter(isByHeader)
  const marked = new Set<string>()
  for (let from = 0; from < rules.length; from += MOST_TAGGED) {
    const arns = rules.slice(from, from + MOST_TAGGED).flatMap(({ RuleArn }) => RuleArn ?? [])
    const { TagDescriptions = [] } = await elbv2.send(
      new DescribeTagsCommand({ ResourceArns: arns }),
      options,
    )
    for (const { ResourceArn, Tags } of TagDescriptions) {
      const own = Tags?.some(({ Key, Value }) => Key === TAG.service && Value === service)
      if (own && ResourceArn) marked.add(ResourceArn)
    }
  }
  return rules.flatMap((rule) => {
    const { RuleArn: ruleArn } = rule
    if (ruleArn === undefined || !marked.has(ruleArn)) return []
    const to = fleets.find((fleet) => fleet.targetGroupArn === targetOf(rule))?.name
    return [{ ruleArn, ...(to === undefined ? {} : { to }), conditions: inWords(rule) }]
  })
}

async function rulesOf(
  { elbv2 }: Pick<RegionClients, 'elbv2'>,
  listenerArn: string,
  signal?: AbortSignal,
): Promise<Rule[]> {
  const found: Rule[] = []
  const options = signal ? { abortSignal: signal } : {}
  for await (const page of paginateDescribeRules({ client: elbv2 }, { ListenerArn: listenerArn }, options))
    found.push(...(page.Rules ?? []))
  return found
}

const isByHeader = ({ Conditions = [] }: Rule): boolean =>
  Conditions.length > 0 && Conditions.every(({ Field }) => Field === 'http-header')

const targetOf = ({ Actions = [] }: Rule): string | undefined => {
  const [forward] = Actions
  const groups = forward?.ForwardConfig?.TargetGroups
  return groups && groups.length > 0
    ? groups.length === 1
      ? groups[0]?.TargetGroupArn
      : undefined
    : forward?.TargetGroupArn
}

const inWords = ({ Conditions = [] }: Rule): string =>
  describeConditions(
    Conditions.map(({ HttpHeaderConfig: config }) => ({
      name: config?.HttpHeaderName ?? '',
      values: config?.Values ?? [],
    })),
  )

/** Makes the rule, at the lowest free priority, so that it is tried as early as it can be, and waits until it reads back. */
export async function addRoute(context: ActionContext, route: ClientRoute): Promise<void> {
  const { clients, observed, signal } = context
  const { listenerArn } = listenerOf(observed)
  const target = groupFleets(observed).find(({ name }) => name === route.to)?.targetGroupArn
  if (target === undefined) throw new SluiceError('internal', `fleet ${route.to} has no target group`)
  for (let attempt = 1; !(await isThere(context, route)); attempt++) {
    try {
      await clients.elbv2.send(
        new CreateRuleCommand({
          ListenerArn: listenerArn,
          Priority: await freePriority(context),
          Conditions: conditionsOf(route).map(({ name, values }) => ({
            Field: 'http-header',
            HttpHeaderConfig: { HttpHeaderName: name, Values: [...values] },
          })),
          Actions: [{ Type: 'forward', TargetGroupArn: target }],
          Tags: [
            { Key: TAG.service, Value: observed.service },
            { Key: TAG.createdBy, Value: context.deployment },
          ],
        }),
        { abortSignal: signal },
      )
      break
    } catch (thrown) {
      // Another rule took the priority meanwhile, or this is a retry whose first call did arrive.
      if (!(thrown instanceof PriorityInUseException) || attempt === ATTEMPTS) throw thrown
    }
  }
  while (!(await isThere(context, route))) await context.clock.sleep(LOOK_INTERVAL, signal)
}

/** Reads the rule back: what the API says now is what counts. */
async function isThere({ clients, observed, signal }: ActionContext, route: ClientRoute): Promise<boolean> {
  const { listenerArn } = listenerOf(observed)
  const routes = await observeRoutes(clients, listenerArn, observed.service, groupFleets(observed), signal)
  return routes.some((found) => isRoute(found, route))
}

async function freePriority({ clients, observed, signal }: ActionContext): Promise<number> {
  const rules = await rulesOf(clients, listenerOf(observed).listenerArn, signal)
  const taken = new Set(rules.map(({ Priority }) => Priority))
  let free = 1
  while (taken.has(String(free))) free++
  return free
}

export async function removeRoute({ clients, signal }: ActionContext, ruleArn: string): Promise<void> {
  const options = { abortSignal: signal }
  try {
    await clients.elbv2.send(new DeleteRuleCommand({ RuleArn: ruleArn }), options)
    const { Rules = [] } = await clients.elbv2.send(
      new DescribeRulesCommand({ RuleArns: [ruleArn] }),
      options,
    )
    if (Rules.length > 0) throw new SluiceError('cloud', `rule ${ruleArn} was deleted, and is still there`)
  } catch (thrown) {
    if (!(thrown instanceof RuleNotFoundException)) throw thrown
  }
}
