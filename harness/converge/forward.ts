import type { Listener } from '@aws-sdk/client-elastic-load-balancing-v2'

/** The forward of a listener's default action, in its weighted form. */
export function forwardOf(
  listener: Listener,
): NonNullable<NonNullable<Listener['DefaultActions']>[number]['ForwardConfig']> | undefined {
  const action = listener.DefaultActions?.find((each) => each.Type === 'forward')
  if (!action) return undefined
  if (action.ForwardConfig?.TargetGroups?.length) return action.ForwardConfig
  return action.TargetGroupArn
    ? { TargetGroups: [{ TargetGroupArn: action.TargetGroupArn, Weight: 1 }] }
    : undefined
}
