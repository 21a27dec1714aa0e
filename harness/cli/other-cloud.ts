/** For tests: a service to deploy to, made alike on clouds of any make. */
import {
  CreateLaunchTemplateVersionCommand,
  CreateTagsCommand,
  DescribeImagesCommand,
  DescribeLaunchTemplateVersionsCommand,
  type RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2'
import {
  ChangeResourceRecordSetsCommand,
  ListHostedZonesByNameCommand,
  type ResourceRecordSet,
} from '@aws-sdk/client-route-53'
import { createScenario } from '#fixtures/scenarios/index'
import type { Cloud, RegionClients } from '../cloud.ts'
import { recordsOf } from '../converge/observe-dns.ts'
import { instancesTagged } from '../converge/observe-instances.ts'
import { TAG } from '../converge/tags.ts'
import { isDns } from '../entry.ts'
import type { DnsRef, EntryRef } from '../gate.ts'

/** Creates the service on 1.0.0, and version 2 of its launch template for 1.1.0. */
export async function prepare(cloud: Cloud, name: string, entry: EntryRef): Promise<void> {
  const clients = cloud.region()
  const { Images: [image] = [] } = await clients.ec2.send(new DescribeImagesCommand({}))
  await createScenario(cloud, { name, entry, release: { version: '1.0.0', imageId: image?.ImageId ?? '' } })
  if (isDns(entry) && entry.dns.to === 'instances') {
    await shortenTtl(clients, entry.dns)
    await tagVersions(clients, name)
  }
  const { LaunchTemplateVersions: [first] = [] } = await clients.ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: name, Versions: ['1'] }),
  )
  const { UserData: _, ...data } = first?.LaunchTemplateData ?? {}
  // Where nothing runs nothing is told what to be: moto_server cannot launch from a second version that has user data.
  const userData = Buffer.from(JSON.stringify({ version: '1.1.0' })).toString('base64')
  await clients.ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateName: name,
      LaunchTemplateData: {
        ...(data as RequestLaunchTemplateData),
        ...(cloud.supports('data-plane').ok ? { UserData: userData } : {}),
      },
    }),
  )
}

/** Seconds: these clouds know real time alone, and deployments wait for answers to run out. */
const TTL = 2

async function shortenTtl(clients: RegionClients, { zone, record }: DnsRef): Promise<void> {
  const { route53 } = clients
  const { HostedZones: [found] = [] } = await route53.send(
    new ListHostedZonesByNameCommand({ DNSName: zone }),
  )
  const HostedZoneId = found?.Id ?? ''
  const records = await recordsOf(clients, HostedZoneId, record)
  const shortened = (each: ResourceRecordSet) => ({
    Action: 'UPSERT' as const,
    ResourceRecordSet: { ...each, TTL },
  })
  await route53.send(
    new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch: { Changes: records.map(shortened) } }),
  )
}

/** EC2 says by a tag of its own which launch template version an instance was launched from; MiniStack does not. */
async function tagVersions(clients: RegionClients, service: string): Promise<void> {
  const instances = await instancesTagged(clients, service)
  await clients.ec2.send(
    new CreateTagsCommand({
      Resources: instances.flatMap(({ InstanceId }) => InstanceId ?? []),
      Tags: [{ Key: TAG.version, Value: '1' }],
    }),
  )
}
