import type { Cloud } from '../cloud.ts'
import type { GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, onlyGroups, servingFleets } from './check.ts'
import { groupsOf, targetsOf, weightsOf } from './describe.ts'
import { count, type Findings, looking, type Seen, waiting, wrong } from './finding.ts'

/**
 * These fleets, those without traffic that do not stand by when none is named, are parked or gone: weight 0, no target left, not even a
 * draining one, minimum and desired capacity 0, no instance.
 */
export async function drained(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const { signal } = options
  const serving = servingFleets(service)
  const fleets = options.fleets
    ? service.fleets.filter((fleet) => options.fleets?.includes(fleet.name))
    : service.fleets.filter((fleet) => !serving.includes(fleet) && fleet.keptUntil === undefined)
  if (fleets.length === 0) return []
  return looking({ subject: service.scope, expected: 'fleets without traffic at 0', signal }, async () => {
    const ofGroups = onlyGroups(fleets)
    const [weights = {}, groups, targets] = await Promise.all([
      weightsOf(cloud, service, signal),
      groupsOf(cloud, service, ofGroups, signal),
      Promise.all(ofGroups.map((fleet) => targetsOf(cloud, service, fleet, signal))),
    ])
    const weighing = fleets.flatMap(({ name }) => {
      const weight = weights[name] ?? 0
      const hint = 'it still gets traffic: set its weight to 0'
      return unless(weight === 0, wrong, {
        subject: name,
        expected: 'weight 0',
        seen: `weight ${weight}`,
        hint,
      })
    })
    const left = ofGroups.flatMap((fleet, i) => {
      const group = groups.get(fleet.autoScalingGroupName)
      return [
        ...unless(targets[i]?.length === 0, waiting, {
          subject: fleet.targetGroupArn,
          expected: 'no target',
          seen: count(targets[i]?.length ?? 0, 'target'),
          hint: `they drain for ${fleet.deregistrationDelay} s after they were deregistered`,
        }),
        ...(group ? parked(fleet, group) : []),
      ]
    })
    return [...weighing, ...left]
  })
}

function parked(
  fleet: GroupFleet,
  group: {
    MinSize?: number | undefined
    DesiredCapacity?: number | undefined
    Instances?: readonly unknown[] | undefined
  },
): Findings {
  const subject = fleet.autoScalingGroupName
  const { MinSize: min = 0, DesiredCapacity: desired = 0, Instances: instances = [] } = group
  const hint = `look at the scaling activities of ${subject}`
  return [
    ...unless(min === 0 && desired === 0, wrong, {
      subject,
      expected: 'minimum and desired capacity 0',
      seen: `minimum ${min}, desired ${desired}`,
      hint,
    }),
    ...unless(instances.length === 0, waiting, {
      subject,
      expected: 'no instance',
      seen: count(instances.length, 'instance'),
      hint,
    }),
  ]
}

const unless = (fine: boolean, make: typeof wrong, what: Seen): Findings => (fine ? [] : [make(what)])
