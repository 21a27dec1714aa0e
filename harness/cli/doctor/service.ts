import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling'
import { tryAsk } from '../../checks/ask.ts'
import { cannotBeReached, doorsOf } from '../../checks/direct.ts'
import type { Cloud } from '../../cloud.ts'
import { observeService } from '../../converge/observe.ts'
import { TAG } from '../../converge/tags.ts'
import type { ServiceRef } from '../../gate.ts'
import type { FleetSnapshot, ServiceSnapshot } from '../../strategy.ts'
import { type Diagnosis, ok, warn } from './diagnosis.ts'

/** The service, and what only a look at its parts shows. Throws what observing it throws. */
export async function service(
  cloud: Cloud,
  ref: ServiceRef,
  signal: AbortSignal,
): Promise<{
  observed: ServiceSnapshot
  stable: FleetSnapshot
  subnet: string | undefined
  diagnoses: Diagnosis[]
}> {
  const observed = await observeService(cloud, ref, signal)
  const stable = observed.fleets.find(({ role }) => role === 'stable')
  if (!stable) throw new Error(`${ref.name} was observed without a stable fleet`)
  const { AutoScalingGroups: [group] = [] } = await cloud
    .region(ref.region)
    .autoScaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [stable.name] }), {
      abortSignal: signal,
    })
  const tagged = group?.Tags?.some(({ Key, Value }) => Key === TAG.service && Value === ref.name)
  const { healthy, desiredCapacity, release, name } = stable
  return {
    observed,
    stable,
    subnet: group?.VPCZoneIdentifier?.split(',')[0]?.trim(),
    diagnoses: [
      ok('service', `${ref.name} runs ${release} on ${name}, ${healthy} of ${desiredCapacity} healthy`),
      tagged
        ? ok('tag', `${name} is tagged ${TAG.service}=${ref.name}`)
        : warn(
            'tag',
            `${name} is not tagged ${TAG.service}=${ref.name}: the policy that sluice policy prints would not let it be changed`,
            'tag it as sluice policy says',
          ),
      ...(cloud.supports('data-plane').ok ? [await reach(cloud, observed, stable, signal)] : []),
    ],
  }
}

/** Whether instances can be asked themselves, as suites do. */
async function reach(
  cloud: Cloud,
  observed: ServiceSnapshot,
  stable: FleetSnapshot,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const [door] = await doorsOf(cloud, observed, stable, signal)
  if (!door)
    return warn('instances', 'none is healthy, so none was asked', 'find out why: sluice test pre-deploy')
  const asked = await tryAsk(cloud, door.url, { signal })
  if (!cannotBeReached(asked)) return ok('instances', `${door.instanceId} answers at its own address`)
  return warn(
    'instances',
    `there is no way to ${door.url}: suites that ask instances themselves will be inconclusive, and gates stay closed`,
    'run Sluice in the VPC, or in a network joined to it',
  )
}
