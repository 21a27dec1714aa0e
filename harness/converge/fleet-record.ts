import type { Tag } from '@aws-sdk/client-ec2'
import type { FleetName, FleetRole, Former } from '../strategy.ts'
import { formerIn, writtenFormer } from './former.ts'
import { roleIn } from './tags.ts'

/**
 * What is known of a fleet of plain instances. There is no group to carry tags, and a fleet may have no instance; so it
 * is recorded as a tag of the launch template that all the service's fleets are launched from.
 */
export interface FleetRecord {
  readonly role: FleetRole
  readonly release: string
  readonly launchTemplateVersion: string
  readonly createdBy?: string
  readonly former?: Former
}

const KEY = 'sluice:fleet/'

export const recordKey = (fleet: FleetName): string => KEY + fleet

/** As a tag's value: letters, digits, spaces and `_.:/=+-@`, 256 characters at most (EC2, Tag your resources). */
export function recordTag(fleet: FleetName, record: FleetRecord): { Key: string; Value: string } {
  const { role, launchTemplateVersion, createdBy, release, former } = record
  const parts = [
    `version=${launchTemplateVersion}`,
    `role=${role}`,
    ...(createdBy === undefined ? [] : [`created-by=${createdBy}`]),
    ...(former ? [`former=${writtenFormer(former)}`] : []),
    `release=${release}`,
  ]
  return { Key: recordKey(fleet), Value: parts.join(' ').slice(0, 256) }
}

/** The fleets that a launch template's tags record. */
export function recordsIn(tags: readonly Tag[] | undefined): ReadonlyMap<FleetName, FleetRecord> {
  const found = new Map<FleetName, FleetRecord>()
  for (const { Key: key = '', Value: value = '' } of tags ?? []) {
    const parts = /^version=(\d+) role=(\S+)(?: created-by=(\S+))?(?: former=(\S+))? release=(.+)$/.exec(
      value,
    )
    const [, launchTemplateVersion, role, createdBy, formerText, release] = parts ?? []
    if (!key.startsWith(KEY) || launchTemplateVersion === undefined || release === undefined) continue
    const former = formerIn(formerText)
    found.set(key.slice(KEY.length), {
      role: roleIn(role),
      release,
      launchTemplateVersion,
      ...(createdBy === undefined ? {} : { createdBy }),
      ...(former ? { former } : {}),
    })
  }
  return found
}
