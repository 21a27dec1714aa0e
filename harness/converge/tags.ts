import type { FleetRole } from '../strategy.ts'

/**
 * How Sluice marks what it knows of a fleet, as tags of its Auto Scaling group: the cloud, not a file, says what
 * is.
 */
export const TAG = {
  /** The service a fleet belongs to. */
  service: 'sluice:service',
  /** The fleet that a plain instance belongs to, and the launch template version that it was launched from. */
  fleet: 'sluice:fleet',
  version: 'sluice:launch-template-version',
  /** The version it runs. */
  release: 'sluice:release',
  /** `candidate` while a deployment proves it, `parked` once it served and stands at 0; absent on a stable fleet. */
  role: 'sluice:role',
  /** The deployment that created it: present only on what Sluice may delete. */
  createdBy: 'sluice:created-by',
  /** The group that a fleet was made after: by it that one is found while it is attached to no target group. */
  after: 'sluice:after',
  /** How the release that served before it is got back, where that takes more than giving its fleet the traffic. */
  former: 'sluice:former',
  /** Until when a fleet that served stands by at full capacity, as ISO 8601 has it. */
  keptUntil: 'sluice:kept-until',
} as const

/** What a fleet's role tag says; a fleet without one is stable. */
export const roleIn = (role: string | undefined): FleetRole =>
  role === 'candidate' || role === 'parked' ? role : 'stable'
