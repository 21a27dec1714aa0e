import {
  type Change,
  ChangeResourceRecordSetsCommand,
  CreateHostedZoneCommand,
  ListResourceRecordSetsCommand,
} from '@aws-sdk/client-route-53'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectCloud } from '../connect/index.ts'
import { checks } from './index.ts'
import { openSampleWorld, type SampleWorld } from './sample-world.ts'

/** Each test adds names that are wrong in one way, sees the check fail, and takes them away. */
let world: SampleWorld
beforeAll(async () => {
  world = await openSampleWorld(2)
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

async function change(zone: string, Action: Change['Action'], Name: string, TTL: number): Promise<void> {
  const { entry } = await world.observe()
  const ResourceRecords = [{ Value: entry.dnsName }]
  const Changes = [{ Action, ResourceRecordSet: { Name, Type: 'CNAME' as const, TTL, ResourceRecords } }]
  await world.cloud
    .region()
    .route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes } }))
}

const look = async (options = {}) => checks.dnsSettings(world.cloud, await world.observe(), options)

test('a name whose answers are kept for too long is found; how long that is can be told', async () => {
  expect(await look()).toEqual([])
  const { hostedZoneId } = world.sample
  await change(hostedZoneId, 'CREATE', 'slow.example.com', 7_200)
  expect(await look()).toMatchObject([
    { severity: 'wrong', subject: 'slow.example.com', expected: 'a TTL of 1 h at most', seen: '2 h' },
  ])
  expect(await look({ ttl: 7_200_000 })).toEqual([])
  await change(hostedZoneId, 'DELETE', 'slow.example.com', 7_200)
})

test('a name in a zone that the world does not ask is found, with the name servers that it does ask', async () => {
  const { route53 } = world.cloud.region()
  const again = { Name: 'example.com', CallerReference: 'a second one' }
  const { HostedZone: zone, DelegationSet: set } = await route53.send(new CreateHostedZoneCommand(again))
  await change(zone?.Id ?? '', 'CREATE', 'lost.example.com', 60)
  const { ResourceRecordSets = [] } = await route53.send(
    new ListResourceRecordSetsCommand({ HostedZoneId: world.sample.hostedZoneId }),
  )
  const asked = ResourceRecordSets.find(({ Type }) => Type === 'NS')?.ResourceRecords?.[0]?.Value ?? 'none'
  expect(await look()).toMatchObject([
    {
      severity: 'wrong',
      subject: `zone example.com (${zone?.Id?.replace('/hostedzone/', '')})`,
      expected: expect.stringContaining(set?.NameServers?.[0] ?? 'none'),
      seen: expect.stringContaining(asked.replace(/\.$/, '')),
    },
  ])
  await change(zone?.Id ?? '', 'DELETE', 'lost.example.com', 60)
  expect(await look()).toEqual([])
})

test('a DNS server that does not answer says nothing of zones', { timeout: 20_000 }, async () => {
  await using deaf = connectCloud({ ...world.cloud.address, dns: '127.0.0.1:9' })
  expect(await checks.dnsSettings(deaf, await world.observe(), {})).toMatchObject([
    { severity: 'unknown', subject: expect.stringContaining('zone example.com') },
  ])
})
