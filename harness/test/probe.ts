import type { TrafficWindow } from '../gate.ts'
import { countsByVersion, harmed, requests, type VersionCount } from '../probe/fold.ts'

/** What the probe saw in the stage in force, since its weights were confirmed. */
export interface ProbeSight {
  readonly window: TrafficWindow
  /** Requests that ended, and those of them that did not end as a user may expect. */
  readonly requests: number
  readonly harmed: number
  /** By the version that answered; what none answered stands under the empty name. */
  readonly byVersion: Readonly<Record<string, VersionCount>>
}

export const sightOf = (window: TrafficWindow): ProbeSight => ({
  window,
  requests: requests(window),
  harmed: harmed(window),
  byVersion: countsByVersion(window),
})
