import type { Scope } from '../../strategy.ts'
import type { JournalEvent } from '../event.ts'
import { eventsOf } from './events.ts'

/** How versions are called where several services or regions are told of together. */
export interface VersionNames {
  /** What the whole deployment calls the version of one scope: what it leads from and to, where it is that. */
  readonly inWhole: (scope: Scope | undefined, version: string) => string
  /** The version itself, with its service where there are several. */
  readonly each: (scope: Scope | undefined, version: string) => string
}

export function versionNames(events: readonly JournalEvent[]): VersionNames {
  const started = eventsOf(events, 'deployment-started')[0]
  const { releases = {}, before = [], plan } = started ?? {}
  const services = new Map(before.map(({ scope, service }) => [scope, service]))
  const several = new Set(services.values()).size > 1
  const old = new Map(
    before.map(({ scope, fleets }) => [scope, fleets.find(({ role }) => role === 'stable')?.release]),
  )
  return {
    inWhole: (scope, version) => {
      if (scope === undefined || !plan) return version
      if (version === releases[scope]?.version) return plan.to
      return version === old.get(scope) ? plan.from : version
    },
    each: (scope, version) => {
      const service = scope === undefined ? undefined : services.get(scope)
      return several && service !== undefined && version !== '' ? `${service} ${version}` : version
    },
  }
}
