import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  type Listener,
  LoadBalancerNotFoundException,
  type TargetGroupTuple,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import type { RegionClients } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { ListenerRef } from '../gate.ts'
import type { ListenerEntry } from '../strategy.ts'
import { abortable } from './abortable.ts'
import { forwardOf } from './forward.ts'

export interface ObservedListener {
  readonly snapshot: ListenerEntry
  readonly tuples: readonly TargetGroupTuple[]
  /** Listeners of the load balancer that are none of the service's entry. */
  readonly others: readonly Listener[]
}

/** The listener that a service's users reach, and what it forwards to. */
export async function observeListener(
  clients: RegionClients,
  { loadBalancer, listener: port }: ListenerRef,
  signal?: AbortSignal,
): Promise<ObservedListener> {
  const balancer = await findLoadBalancer(clients, loadBalancer, signal)
  const { Listeners: listeners = [] } = await clients.elbv2.send(
    new DescribeListenersCommand({ LoadBalancerArn: balancer.arn }),
    abortable(signal),
  )
  const listener = listeners.find((each) => each.Port === port)
  if (!listener?.ListenerArn) {
    const ports = listeners.map((each) => each.Port).join(', ') || 'none'
    throw new SluiceError(
      'precondition',
      `load balancer ${loadBalancer} in ${clients.name} has no listener on port ${port} (it listens on: ${ports})`,
      { hint: 'correct service.entry.listener in the config' },
    )
  }
  const forward = forwardOf(listener)
  if (!forward) {
    throw new SluiceError(
      'precondition',
      `listener ${port} of ${loadBalancer} does not forward to target groups by default`,
      { hint: 'Sluice shifts the weights of a forward action; make it the default action of the listener' },
    )
  }
  const sticky = forward.TargetGroupStickinessConfig
  return {
    tuples: forward.TargetGroups ?? [],
    others: listeners.filter((each) => each !== listener),
    snapshot: {
      via: 'listener',
      loadBalancerArn: balancer.arn,
      loadBalancerName: dimensionOf(balancer.arn),
      dnsName: balancer.dnsName,
      listenerArn: listener.ListenerArn,
      port,
      protocol: listener.Protocol ?? 'HTTP',
      stickiness: sticky?.Enabled ? (sticky.DurationSeconds ?? 0) : 0,
    },
  }
}

/** As CloudWatch names a load balancer in its dimensions. */
export const dimensionOf = (arn: string): string =>
  arn.slice(arn.indexOf(':loadbalancer/') + ':loadbalancer/'.length)

async function findLoadBalancer(
  clients: RegionClients,
  name: string,
  signal?: AbortSignal,
): Promise<{ arn: string; dnsName: string }> {
  const missing = (cause?: unknown): SluiceError =>
    new SluiceError('precondition', `there is no load balancer named ${name} in ${clients.name}`, {
      cause,
      hint: 'correct service.entry.loadBalancer, the region or the cloud',
    })
  try {
    const answer = await clients.elbv2.send(
      new DescribeLoadBalancersCommand({ Names: [name] }),
      abortable(signal),
    )
    const found = answer.LoadBalancers?.[0]
    if (!found?.LoadBalancerArn || !found.DNSName) throw missing()
    return { arn: found.LoadBalancerArn, dnsName: found.DNSName }
  } catch (thrown) {
    throw thrown instanceof LoadBalancerNotFoundException ? missing(thrown) : thrown
  }
}
