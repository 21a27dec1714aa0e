import {
  DescribeListenersCommand,
  type ForwardActionConfig,
  ModifyListenerCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { SluiceError } from '../errors.ts'
import { describeShares, type Shares } from './action.ts'
import { type ActionContext, lookInterval } from './context.ts'
import { STALE_FOR } from './eventually.ts'
import { forwardOf } from './forward.ts'
import { fleetNamed } from './health.ts'
import { listenerOf } from './listener.ts'

/** One ModifyListener: every share at once, so no request is routed by a mixture of old and new weights. */
export async function setWeights(context: ActionContext, shares: Shares): Promise<void> {
  const entry = listenerOf(context.observed)
  const tuples = Object.entries(shares).map(([fleet, share]) => ({
    TargetGroupArn: targetGroupOf(context, fleet),
    Weight: share,
  }))
  const config: ForwardActionConfig = { TargetGroups: tuples }
  if (entry.stickiness > 0) {
    config.TargetGroupStickinessConfig = { Enabled: true, DurationSeconds: entry.stickiness }
  }
  await context.clients.elbv2.send(
    new ModifyListenerCommand({
      ListenerArn: entry.listenerArn,
      DefaultActions: [{ Type: 'forward', ForwardConfig: config }],
    }),
    { abortSignal: context.signal },
  )
}

/**
 * Reads the weights back. Tools have sent one weight and stored another; what the API says is what counts, once it can no
 * longer be what it said before.
 */
export async function verifyWeights(context: ActionContext, shares: Shares): Promise<void> {
  const until = context.clock.now() + STALE_FOR
  for (let stored = await storedWeights(context); ; stored = await storedWeights(context)) {
    const agrees =
      stored.size === Object.keys(shares).length &&
      Object.entries(shares).every(([fleet, share]) => stored.get(targetGroupOf(context, fleet)) === share)
    if (agrees) return
    if (context.clock.now() >= until) {
      throw new SluiceError(
        'cloud',
        `asked for weights ${describeShares(shares)}, but the listener reads back ${JSON.stringify([...stored])}`,
        { hint: 'something else changes this listener; find it before you deploy again' },
      )
    }
    await context.clock.sleep(lookInterval(0), context.signal)
  }
}

async function storedWeights(context: ActionContext): Promise<ReadonlyMap<string | undefined, number>> {
  const { Listeners: [listener] = [] } = await context.clients.elbv2.send(
    new DescribeListenersCommand({ ListenerArns: [listenerOf(context.observed).listenerArn] }),
    { abortSignal: context.signal },
  )
  return new Map(
    (listener && forwardOf(listener)?.TargetGroups)?.map((tuple) => [
      tuple.TargetGroupArn,
      tuple.Weight ?? 1,
    ]) ?? [],
  )
}

/** One that no fleet stands behind is named by its ARN. */
const targetGroupOf = (context: ActionContext, name: string): string =>
  name.startsWith('arn:') ? name : fleetNamed(context, name).targetGroupArn
