/** What configs call the built-in checks: their names in `checks`, with hyphens. Apart, so that no SDK is loaded for them. */
export const CHECK_NAMES = [
  'alarms-quiet',
  'answers-alike',
  'certificate',
  'clients-stay',
  'dns-record',
  'dns-settings',
  'drained',
  'drift',
  'fleet-mix',
  'full-capacity',
  'headroom',
  'health-check-settings',
  'image-available',
  'immutable',
  'instances-kept',
  'lack-of-capacity',
  'launchable',
  'listener-weights',
  'main-page',
  'neighbours-understood',
  'no-refresh',
  'orphans',
  'quotas',
  'requests-answered',
  'restored',
  'revertible',
  'security-groups',
  'self-healing',
  'served-version',
  'session-kept',
  'shuts-down',
  'slow-request',
  'suspended-processes',
  'target-health',
  'throttling',
  'traffic-split',
  'writes-readable',
  'zone-balance',
  'zone-loss',
  'zones',
] as const

export type CheckName = (typeof CHECK_NAMES)[number]

/** `zone-balance` of `zoneBalance`. */
export const hyphenated = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
