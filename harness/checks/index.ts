import { alarmsQuiet } from './alarms-quiet.ts'
import { answersAlike } from './answers-alike.ts'
import { certificate } from './certificate.ts'
import type { Check } from './check.ts'
import { clientsStay } from './clients-stay.ts'
import { dnsRecord } from './dns-record.ts'
import { dnsSettings } from './dns-settings.ts'
import { drained } from './drained.ts'
import { drift } from './drift.ts'
import { fleetMix } from './fleet-mix.ts'
import { fullCapacity } from './full-capacity.ts'
import { headroom } from './headroom.ts'
import { healthCheckSettings } from './health-check-settings.ts'
import { immutable } from './immutable.ts'
import { instancesKept } from './instances-kept.ts'
import { lackOfCapacity } from './lack-of-capacity.ts'
import { launchable } from './launchable.ts'
import { listenerWeights } from './listener-weights.ts'
import { mainPage, servedVersion } from './main-page.ts'
import { CHECK_NAMES, type CheckName, hyphenated } from './names.ts'
import { neighboursUnderstood } from './neighbours-understood.ts'
import { noRefresh } from './no-refresh.ts'
import { orphans } from './orphans.ts'
import { quotas } from './quotas.ts'
import { requestsAnswered } from './requests-answered.ts'
import { restored } from './restored.ts'
import { imageAvailable, revertible } from './revertible.ts'
import { securityGroups } from './security-groups.ts'
import { selfHealing } from './self-healing.ts'
import { sessionKept } from './session-kept.ts'
import { shutsDown } from './shuts-down.ts'
import { slowRequest } from './slow-request.ts'
import { suspendedProcesses } from './suspended-processes.ts'
import { targetHealth } from './target-health.ts'
import { throttling } from './throttling.ts'
import { trafficSplit } from './traffic-split.ts'
import { vcpuQuota } from './vcpu-quota.ts'
import { writesReadable } from './writes-readable.ts'
import { zoneBalance } from './zone-balance.ts'
import { zoneLoss } from './zone-loss.ts'
import { zones } from './zones.ts'

/** Every check by name. Add one: its file, its line here, and its name in `names.ts`. */
export const checks = {
  alarmsQuiet,
  answersAlike,
  certificate,
  clientsStay,
  dnsRecord,
  dnsSettings,
  drained,
  drift,
  fleetMix,
  fullCapacity,
  headroom,
  healthCheckSettings,
  imageAvailable,
  immutable,
  instancesKept,
  lackOfCapacity,
  launchable,
  listenerWeights,
  mainPage,
  neighboursUnderstood,
  noRefresh,
  orphans,
  quotas,
  requestsAnswered,
  restored,
  revertible,
  securityGroups,
  selfHealing,
  servedVersion,
  sessionKept,
  shutsDown,
  slowRequest,
  suspendedProcesses,
  targetHealth,
  throttling,
  trafficSplit,
  vcpuQuota,
  writesReadable,
  zoneBalance,
  zoneLoss,
  zones,
} satisfies Record<string, Check<never>>

/** What configs call a check; undefined where it is none of these. */
export function nameOf(check: unknown): CheckName | undefined {
  const [key = ''] = Object.entries(checks).find(([, each]) => each === check) ?? []
  return CHECK_NAMES.find((name) => name === hyphenated(key))
}
