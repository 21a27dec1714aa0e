import type { TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Cloud } from '../cloud.ts'
import type { GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { targetsOf } from './describe.ts'
import { type Finding, type Findings, looking, waiting } from './finding.ts'

/**
 * Every target of these fleets is healthy, each target group by itself. A draining target is on its way out and
 * counts neither way. An unhealthy one is `waiting`, and so is a group without any while its only instance is replaced:
 * its group replaces it, so only what stays so is a failure.
 */
export async function targetHealth(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const found = groupsIn(service, options).map((fleet) =>
    looking(
      { subject: fleet.targetGroupArn, expected: 'every target healthy', signal: options.signal },
      async () => judge(fleet, await targetsOf(cloud, service, fleet, options.signal)),
    ),
  )
  return (await Promise.all(found)).flat()
}

function judge(fleet: GroupFleet, targets: readonly TargetHealthDescription[]): Findings {
  const staying = targets.filter((target) => target.TargetHealth?.State !== 'draining')
  if (staying.length === 0) {
    const expected = `fleet ${fleet.name} to have targets`
    const hint =
      'a target group without targets answers 503: look at the group and its AddToLoadBalancer process'
    return [waiting({ subject: fleet.targetGroupArn, expected, seen: 'none registered', hint })]
  }
  return staying.flatMap((target) => finding(fleet, target))
}

function finding(fleet: GroupFleet, target: TargetHealthDescription): Finding | readonly [] {
  const state = target.TargetHealth?.State ?? 'unknown'
  if (state === 'healthy') return []
  const reason = target.TargetHealth?.Reason
  return waiting({
    subject: `${fleet.name} ${target.Target?.Id ?? '?'}:${target.Target?.Port ?? '?'}`,
    expected: 'healthy',
    seen: `${state}${reason ? ` (${reason})` : ''}`,
    hint: HINTS[reason ?? ''] ?? target.TargetHealth?.Description ?? 'look at DescribeTargetHealth',
  })
}

/** What the reason codes of DescribeTargetHealth call for (ELBv2 API reference, TargetHealth). */
const HINTS: Readonly<Record<string, string>> = {
  'Elb.RegistrationInProgress': 'it is being registered: wait',
  'Elb.InitialHealthChecking': 'its first health check has not been answered yet: wait, or see that it boots',
  'Target.ResponseCodeMismatch': 'it answers its health check with another status than the matcher wants',
  'Target.Timeout':
    'it does not answer its health check in time: see that it runs and that its port is reachable',
  'Target.FailedHealthChecks': 'it refuses or breaks the connection of its health check',
  'Target.NotInUse':
    'no rule forwards to its group, so it is not health-checked: put the group into the rule',
  'Target.InvalidState': 'its instance is stopped or terminated',
  'Target.HealthCheckDisabled': 'health checks are switched off: nothing would notice a dead target',
}
