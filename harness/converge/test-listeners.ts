import {
  CreateListenerCommand,
  DeleteListenerCommand,
  DescribeListenersCommand,
  DescribeTagsCommand,
  DuplicateListenerException,
  type Listener,
  ListenerNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { FleetName, GroupFleet, ListenerSnapshot } from '../strategy.ts'
import { type ActionContext, LOOK_INTERVAL } from './context.ts'
import { forwardOf } from './forward.ts'
import { groupFleets, listenerOf } from './listener.ts'
import { TAG } from './tags.ts'

/** A load balancer has 50 listeners at most, and one DescribeTags takes 20 (Elastic Load Balancing, quotas and API). */
const MOST_TAGGED = 20

/** The other listeners of the load balancer; those that carry the tag of the service Sluice made, and may delete. */
export async function observeListeners(
  { elbv2 }: Pick<RegionClients, 'elbv2'>,
  listeners: readonly Listener[],
  service: string,
  fleets: readonly Pick<GroupFleet, 'name' | 'targetGroupArn'>[],
  signal?: AbortSignal,
): Promise<readonly ListenerSnapshot[]> {
  const arns = listeners.flatMap(({ ListenerArn: arn }) => arn ?? [])
  const own = new Set<string>()
  for (let from = 0; from < arns.length; from += MOST_TAGGED) {
    const { TagDescriptions = [] } = await elbv2.send(
      new DescribeTagsCommand({ ResourceArns: arns.slice(from, from + MOST_TAGGED) }),
      signal ? { abortSignal: signal } : {},
    )
    for (const { ResourceArn, Tags = [] } of TagDescriptions) {
      const ours = Tags.some(({ Key, Value }) => Key === TAG.service && Value === service)
      const made = Tags.some(({ Key }) => Key === TAG.createdBy)
      if (ResourceArn && ours && made) own.add(ResourceArn)
    }
  }
  return listeners.flatMap((listener) => {
    const { ListenerArn: listenerArn, Port: port } = listener
    if (listenerArn === undefined || port === undefined) return []
    if (!own.has(listenerArn)) return [{ listenerArn, port }]
    const [only] = forwardOf(listener)?.TargetGroups ?? []
    const to = fleets.find(({ targetGroupArn }) => targetGroupArn === only?.TargetGroupArn)?.name
    return [{ listenerArn, port, owned: true, ...(to === undefined ? {} : { to }) }]
  })
}

/** Makes a listener as the service's own one is, which forwards to one fleet, and waits until it reads back. */
export async function addTestListener(context: ActionContext, port: number, to: FleetName): Promise<void> {
  const { clients, observed, signal, deployment, clock } = context
  const { loadBalancerArn, loadBalancerName, listenerArn } = listenerOf(observed)
  const target = groupFleets(observed).find(({ name }) => name === to)?.targetGroupArn
  if (target === undefined) throw new SluiceError('internal', `fleet ${to} has no target group`)
  const options = { abortSignal: signal }
  const { Listeners: [model] = [] } = await clients.elbv2.send(
    new DescribeListenersCommand({ ListenerArns: [listenerArn] }),
    options,
  )
  try {
    await clients.elbv2.send(
      new CreateListenerCommand({
        LoadBalancerArn: loadBalancerArn,
        Port: port,
        Protocol: model?.Protocol,
        ...(model?.SslPolicy ? { SslPolicy: model.SslPolicy } : {}),
        ...(model?.Certificates?.length ? { Certificates: model.Certificates } : {}),
        ...(model?.AlpnPolicy?.length ? { AlpnPolicy: model.AlpnPolicy } : {}),
        DefaultActions: [{ Type: 'forward', TargetGroupArn: target }],
        Tags: [
          { Key: TAG.service, Value: observed.service },
          { Key: TAG.createdBy, Value: deployment },
        ],
      }),
      options,
    )
  } catch (thrown) {
    // A retry whose first call did arrive; or somebody else has it since, which is found below.
    if (!(thrown instanceof DuplicateListenerException)) throw thrown
  }
  for (;;) {
    const { Listeners: all = [] } = await clients.elbv2.send(
      new DescribeListenersCommand({ LoadBalancerArn: loadBalancerArn }),
      options,
    )
    const made = all.filter((each) => each.Port === port)
    const [found] = await observeListeners(clients, made, observed.service, groupFleets(observed), signal)
    if (found && !found.owned)
      throw new SluiceError('cloud', `port ${port} of ${loadBalancerName} is another one's listener`, {
        hint: 'let the strategy test on a port that is free',
      })
    if (found?.to === to) return
    await clock.sleep(LOOK_INTERVAL, signal)
  }
}

export async function removeTestListener({ clients, signal }: ActionContext, arn: string): Promise<void> {
  const options = { abortSignal: signal }
  try {
    await clients.elbv2.send(new DeleteListenerCommand({ ListenerArn: arn }), options)
    const { Listeners = [] } = await clients.elbv2.send(
      new DescribeListenersCommand({ ListenerArns: [arn] }),
      options,
    )
    if (Listeners.length > 0)
      throw new SluiceError('cloud', `listener ${arn} was deleted, and is still there`)
  } catch (thrown) {
    if (!(thrown instanceof ListenerNotFoundException)) throw thrown
  }
}
