import type { ServiceSnapshot } from '../strategy.ts'
import type { CheckName } from './names.ts'

/** Checks of what plain instances do not have. */
const OF_GROUPS: readonly CheckName[] = [
  'drift',
  'fleet-mix',
  'headroom',
  'health-check-settings',
  'immutable',
  'instances-kept',
  'lack-of-capacity',
  'launchable',
  'no-refresh',
  'orphans',
  'quotas',
  'requests-answered',
  'restored',
  'security-groups',
  'self-healing',
  'shuts-down',
  'suspended-processes',
  'target-health',
  'throttling',
  'vcpu-quota',
  'zone-balance',
  'zone-loss',
  'zones',
]

/** Checks of what a target group tells of one fleet, and why they cannot be made where all fleets share one. */
const OF_OWN_TARGET_GROUPS: Partial<Record<CheckName, string>> = {
  'requests-answered': 'requests are counted by target group',
  'clients-stay': 'a listener keeps clients by target group',
}

/** Why a check has nothing to say of a service, whatever state that is in; undefined where it has. */
export function whyNotApplicable(
  name: CheckName,
  { entry, fleets, service }: ServiceSnapshot,
): string | undefined {
  const told = entry.via === 'registration' ? OF_OWN_TARGET_GROUPS[name] : undefined
  if (told)
    return `${name} tells fleets apart by what their target groups show: ${told}, and all fleets of ${service} share one`
  if (fleets[0]?.kind !== 'instances' || !OF_GROUPS.includes(name)) return undefined
  return `${name} looks at Auto Scaling groups, load balancers or target groups, and ${service} has none`
}
