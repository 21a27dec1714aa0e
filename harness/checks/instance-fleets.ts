import type { Instance } from '@aws-sdk/client-ec2'
import type { Cloud } from '../cloud.ts'
import { addressOf } from '../converge/instance-health.ts'
import { instancesTagged, isLive, passing } from '../converge/observe-instances.ts'
import { TAG } from '../converge/tags.ts'
import type { InstanceFleet, ServiceSnapshot } from '../strategy.ts'

/** A fleet of plain instances as it is now. */
export interface SeenInstances {
  readonly live: readonly Instance[]
  /** Those that have passed EC2's status checks. */
  readonly passed: readonly Instance[]
  /** Where users ask one. */
  urlOf(instance: Instance): string | undefined
}

export async function instancesIn(
  cloud: Cloud,
  service: ServiceSnapshot,
  { name }: InstanceFleet,
  signal?: AbortSignal,
): Promise<SeenInstances> {
  const clients = cloud.region(service.region)
  const all = await instancesTagged(clients, service.service, signal)
  const isOwn = ({ Tags: tags = [] }: Instance): boolean =>
    tags.some(({ Key, Value }) => Key === TAG.fleet && Value === name)
  const live = all.filter((instance) => isOwn(instance) && isLive(instance))
  const { entry } = service
  const said = entry.via === 'dns' ? entry.records.flatMap(({ values = [] }) => values) : []
  const outside = all.some(({ PublicIpAddress: own }) => own !== undefined && said.includes(own))
  return {
    live,
    passed: await passing(clients, live, signal),
    urlOf(instance) {
      const address = addressOf(instance, outside)
      return address && `http://${address}:${entry.port}`
    },
  }
}
