import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import type { TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { groupsOf, targetGroupsOf } from './describe.ts'
import { type Findings, looking, type Seen, wrong } from './finding.ts'

/** The health checks can tell a working target from a broken one, and the group acts on them. */
export async function healthCheckSettings(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const { signal } = options
  const fleets = groupsIn(service, options)
  return looking({ subject: service.scope, expected: 'health checks that can fail', signal }, async () => {
    const [targetGroups, groups] = await Promise.all([
      targetGroupsOf(cloud, service, fleets, signal),
      groupsOf(cloud, service, fleets, signal),
    ])
    return [
      ...targetGroups.flatMap(ofTargetGroup),
      ...[...groups.values()].flatMap((group) => ofGroup(group, targetGroups)),
    ]
  })
}

function ofTargetGroup(group: TargetGroup): Findings {
  const at = (expected: string, seen: string, hint: string): Seen => ({
    subject: group.TargetGroupName ?? '',
    expected,
    seen,
    hint,
  })
  if (group.HealthCheckEnabled === false) {
    return [wrong(at('health checks', 'they are switched off', 'switch them on with ModifyTargetGroup'))]
  }
  const { HealthCheckIntervalSeconds: interval = 30, HealthCheckTimeoutSeconds: timeout = 5 } = group
  const found: Seen[] = []
  if (timeout >= interval) {
    const seen = `timeout ${timeout} s, interval ${interval} s`
    found.push(at('a timeout shorter than the interval', seen, 'lower HealthCheckTimeoutSeconds'))
  }
  const { HealthCheckProtocol: protocol = '', HealthCheckPort: port, Protocol: own = '' } = group
  if (port === 'traffic-port' && protocol !== own && SPOKEN.includes(own) && SPOKEN.includes(protocol)) {
    const hint = 'the port speaks one of the two: let health checks speak what users do'
    found.push(at(`health checks in ${own}, as its port speaks`, protocol, hint))
  }
  const codes = group.Matcher?.HttpCode
  if (codes && acceptsErrors(codes)) {
    const hint =
      'a target that answers every request with an error would count as healthy: narrow the matcher'
    found.push(at('a matcher of 2xx and 3xx', codes, hint))
  }
  return found.map(wrong)
}

/** Protocols that a port speaks one of. */
const SPOKEN = ['HTTP', 'HTTPS']

/** A matcher is a list of codes and ranges: `200,202` or `200-299` (ELBv2 API reference, Matcher). */
const acceptsErrors = (codes: string): boolean =>
  codes.split(',').some((part) => Number(part.split('-').at(-1)) >= 400)

/** Seconds that an EC2 instance takes at least from its launch until it takes connections. */
const BOOT = 30

function ofGroup(group: AutoScalingGroup, all: readonly TargetGroup[]): Findings {
  if (group.HealthCheckType?.split(',').includes('ELB')) return graceOf(group, all)
  return [
    wrong({
      subject: group.AutoScalingGroupName ?? '',
      expected: 'health check type ELB',
      seen: group.HealthCheckType ?? 'none',
      hint: 'the group does not replace an instance that the load balancer finds unhealthy: set the type to ELB',
    }),
  ]
}

/**
 * A group of type ELB replaces what is unhealthy once its grace period is over, also what is still booting. Until it has
 * failed interval × threshold, a target is not unhealthy.
 */
function graceOf(group: AutoScalingGroup, all: readonly TargetGroup[]): Findings {
  const grace = group.HealthCheckGracePeriod ?? 0
  const unhealthyAfter = all
    .filter(({ TargetGroupArn: arn = '' }) => group.TargetGroupARNs?.includes(arn))
    .map((each) => (each.HealthCheckIntervalSeconds ?? 30) * (each.UnhealthyThresholdCount ?? 2))
  const shortest = Math.min(...unhealthyAfter)
  if (unhealthyAfter.length === 0 || Math.max(grace, shortest) >= BOOT) return []
  return [
    wrong({
      subject: group.AutoScalingGroupName ?? '',
      expected: `a grace period of ${BOOT} s or more`,
      seen: `${grace} s, and targets are unhealthy after ${shortest} s`,
      hint: 'instances would be replaced while they boot: set HealthCheckGracePeriod to what they take',
    }),
  ]
}
