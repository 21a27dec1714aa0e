import { sharesByVersion, type VersionShares } from '../../mix.ts'
import type { FleetName, Scope } from '../../strategy.ts'
import type { JournalEvent } from '../event.ts'
import type { SharePoint } from '../summary.ts'
import { type VersionNames, versionNames } from './versions.ts'

type ByFleet<Value> = Readonly<Record<Scope, Readonly<Record<FleetName, Value>>>>

interface Split extends Pick<VersionNames, 'inWhole'> {
  readonly weights: ByFleet<number>
  readonly versions: ByFleet<string>
  readonly mixes?: ByFleet<VersionShares> | undefined
}

/** Which version had which share of the traffic from when on, as the API read back. */
export function sharesOf(events: readonly JournalEvent[]): readonly SharePoint[] {
  const points: SharePoint[] = []
  const { inWhole } = versionNames(events)
  let stage = 'before'
  for (const event of events) {
    if (event.type === 'deployment-started') {
      const weights = Object.fromEntries(event.before.map(({ scope, shares }) => [scope, shares]))
      const versions = Object.fromEntries(
        event.before.map(({ scope, fleets }) => [
          scope,
          Object.fromEntries(fleets.map(({ name, release }) => [name, release])),
        ]),
      )
      points.push({ at: event.at, stage, shares: byVersion({ weights, versions, inWhole }, event.plan.from) })
    } else if (event.type === 'stage-reached') {
      stage = event.name
      points.push({
        at: event.at,
        stage,
        shares: byVersion(
          { weights: event.shares, versions: event.versions, mixes: event.mixes, inWhole },
          'unknown',
        ),
      })
    } else if (event.type === 'traffic-restored') {
      const first = points[0]
      if (first) points.push({ at: event.at, stage: 'revert', shares: first.shares })
    }
  }
  return points
}

/** Weights of fleets as shares of versions; several scopes count alike. No weight at all means: all to `alone`. */
function byVersion({ weights, versions, mixes = {}, inWhole }: Split, alone: string): Record<string, number> {
  const shares: Record<string, number> = {}
  const scopes = Object.entries(weights).filter(([, fleets]) =>
    Object.values(fleets).some((weight) => weight > 0),
  )
  if (scopes.length === 0) return { [alone]: 1 }
  for (const [scope, fleets] of scopes) {
    const own = sharesByVersion(fleets, (fleet) => versions[scope]?.[fleet] ?? 'unknown', mixes[scope])
    for (const [known, share] of Object.entries(own)) {
      const version = inWhole(scope, known)
      shares[version] = (shares[version] ?? 0) + share / scopes.length
    }
  }
  return shares
}
