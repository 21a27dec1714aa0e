import { describeShares } from './converge/action.ts'
import { lookInterval } from './converge/context.ts'
import { eventually, STALE_FOR } from './converge/eventually.ts'
import { observeService } from './converge/observe.ts'
import type { Course } from './course.ts'
import { SluiceError } from './errors.ts'
import type { FleetSnapshot, ServiceSnapshot } from './strategy.ts'

/**
 * The service as it is now, before a stage changes it. Throws where somebody else has changed what only this deployment
 * should: to go on would undo what a person did for a reason, so it goes back. Instances that died, health and sizes are
 * what clouds are like: converging makes up for them.
 */
export async function undisturbed(course: Course, signal: AbortSignal): Promise<ServiceSnapshot> {
  const { cloud } = course.run
  const until = cloud.clock.now() + STALE_FOR
  const look = (): Promise<ServiceSnapshot> =>
    eventually(cloud.clock, signal, () => observeService(cloud, course.site.ref, signal))
  let found = await look()
  let changes = disturbancesIn(course.last, found)
  // What is seen may be what was before this deployment's own last change.
  while (changes.length > 0 && cloud.clock.now() < until) {
    await cloud.clock.sleep(lookInterval(0), signal)
    found = await look()
    changes = disturbancesIn(course.last, found)
  }
  if (changes.length === 0) return found
  throw new SluiceError(
    'cloud',
    `${found.scope} was changed by somebody else while it was deployed to: ${changes.join('; ')}`,
    { hint: 'find out who did, and why, before you deploy again' },
  )
}

/** What is not as the deployment left it, one sentence each. Pure. */
export function disturbancesIn(known: ServiceSnapshot, found: ServiceSnapshot): readonly string[] {
  return [
    ...known.fleets.flatMap((fleet) => ofFleet(fleet, found)),
    ...found.fleets
      .filter(({ name }) => !known.fleets.some((fleet) => fleet.name === name))
      .map(({ name }) => `Auto Scaling group ${name} has appeared`),
    ...ofEntry(known, found),
    ...ofRules(known, found),
  ]
}

function ofFleet(fleet: FleetSnapshot, { fleets }: ServiceSnapshot): string[] {
  const { name } = fleet
  const now = fleets.find((each) => each.name === name)
  if (!now) return [`Auto Scaling group ${name} is gone`]
  const [before, after] = [fleet.launchTemplate, now.launchTemplate]
  return [
    ...(before.id === after.id && before.version === after.version
      ? []
      : [
          `${name} launches from ${after.id} version ${after.version}, not ${before.id} version ${before.version}`,
        ]),
    ...(targetGroupOf(fleet) === targetGroupOf(now) ? [] : [`${name} has another target group`]),
  ]
}

const targetGroupOf = (fleet: FleetSnapshot): string | undefined =>
  fleet.kind === 'group' ? fleet.targetGroupArn : undefined

const listenerIn = ({ entry }: ServiceSnapshot): string | undefined =>
  entry.via === 'dns' ? undefined : entry.listenerArn

function ofEntry(known: ServiceSnapshot, found: ServiceSnapshot): string[] {
  const names = new Set([...Object.keys(known.shares), ...Object.keys(found.shares)])
  const same = [...names].every((name) => known.shares[name] === found.shares[name])
  return [
    ...(same ? [] : [told(known.shares, found)]),
    ...(listenerIn(known) === listenerIn(found)
      ? []
      : [`the listener on port ${found.entry.port} is another one`]),
  ]
}

const told = (known: ServiceSnapshot['shares'], { entry, shares }: ServiceSnapshot): string =>
  entry.via === 'registration'
    ? `${Object.keys(shares).join(', ')} is attached to the target group, not ${Object.keys(known).join(', ')}`
    : `weights are ${describeShares(shares)}, not ${describeShares(known)}`

/** Rules and listeners that deployments make. */
function ofRules(known: ServiceSnapshot, found: ServiceSnapshot): string[] {
  const [rules, others] = [known.routes ?? [], found.routes ?? []]
  const mine = (service: ServiceSnapshot) => (service.listeners ?? []).filter(({ owned }) => owned)
  return [
    ...rules
      .filter((rule) => !others.some((each) => each.to === rule.to && each.conditions === rule.conditions))
      .map(({ conditions }) => `the rule for ${conditions} is gone, or is another one`),
    ...others
      .filter((rule) => !rules.some((each) => each.ruleArn === rule.ruleArn))
      .map(({ conditions }) => `a rule for ${conditions} has appeared`),
    ...mine(known)
      .filter(({ port, to }) => !mine(found).some((each) => each.port === port && each.to === to))
      .map(({ port }) => `the test listener on port ${port} is gone, or is another one`),
  ]
}
