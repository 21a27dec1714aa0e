import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2'
import { CreateListenerCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { ChangeResourceRecordSetsCommand } from '@aws-sdk/client-route-53'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ServiceSnapshot } from '../strategy.ts'
import { checks } from './index.ts'
import { openSampleWorld, type SampleWorld } from './sample-world.ts'

const YEAR = 365 * 86_400_000

let world: SampleWorld
let service: ServiceSnapshot
beforeAll(async () => {
  world = await openSampleWorld(2)
  const { loadBalancerArn, targetGroupArn, loadBalancerGroupId: GroupId } = world.sample
  const { ec2, elbv2 } = world.cloud.region()
  const open = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' }
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, ...open }))
  await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: loadBalancerArn,
      Protocol: 'HTTPS',
      Port: 443,
      Certificates: [{ CertificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/1' }],
      DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroupArn }],
    }),
  )
  const plain = await world.observe()
  service = { ...plain, entry: { ...plain.entry, port: 443, protocol: 'HTTPS' } }
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

test('a service without TLS shows no certificate', async () => {
  expect(await checks.certificate(world.cloud, await world.observe(), {})).toEqual([])
})

test('a certificate for other names than users ask by is found', async () => {
  expect(await checks.certificate(world.cloud, service, {})).toMatchObject([
    {
      severity: 'wrong',
      subject: world.sample.recordName,
      expected: `a certificate for ${world.sample.recordName}`,
      seen: `one for ${service.entry.dnsName}, localhost`,
    },
  ])
})

test('a certificate that expires too soon is found, one that does not is fine', async () => {
  const { hostedZoneId: HostedZoneId, recordName, aliasZoneId } = world.sample
  const AliasTarget = {
    DNSName: service.entry.dnsName,
    HostedZoneId: aliasZoneId,
    EvaluateTargetHealth: false,
  }
  const ResourceRecordSet = { Name: recordName, Type: 'A' as const, AliasTarget }
  const ChangeBatch = { Changes: [{ Action: 'DELETE' as const, ResourceRecordSet }] }
  const { route53 } = world.cloud.region()
  await route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId, ChangeBatch }))
  expect(await checks.certificate(world.cloud, service, {})).toEqual([])
  expect(await checks.certificate(world.cloud, service, { left: 2 * YEAR })).toMatchObject([
    { severity: 'wrong', subject: service.entry.dnsName, seen: expect.stringContaining('it expires on') },
  ])
})

test('an entry that shows no certificate at all is inconclusive: nothing is known of it', async () => {
  const closed = { ...service, entry: { ...service.entry, port: 444 } }
  expect(await checks.certificate(world.cloud, closed, {})).toMatchObject([{ severity: 'unknown' }])
})
