import { UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2'
import { ModifyTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checks } from './index.ts'
import { openSampleWorld, type SampleWorld } from './sample-world.ts'

/** Each test spoils the world in one way, sees its check fail, and puts the world right. */
let world: SampleWorld
beforeAll(async () => {
  world = await openSampleWorld(2)
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

const permissionsOf = async (GroupId: string) => {
  const { SecurityGroups: [group] = [] } = await world.cloud
    .region()
    .ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }))
  return { ingress: group?.IpPermissions ?? [], egress: group?.IpPermissionsEgress ?? [] }
}

test('targets that do not let the load balancer in are found', async () => {
  const service = await world.observe()
  const { ec2 } = world.cloud.region()
  const GroupId = world.sample.instanceGroupId
  const { ingress: IpPermissions } = await permissionsOf(GroupId)
  await ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
  expect(await checks.securityGroups(world.cloud, service, {})).toMatchObject([
    { severity: 'wrong', subject: GroupId, expected: expect.stringContaining('ingress on traffic port 80') },
  ])
  await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
})

test('a load balancer that may not reach its targets is found', async () => {
  const service = await world.observe()
  const { ec2 } = world.cloud.region()
  const GroupId = world.sample.loadBalancerGroupId
  const { egress: IpPermissions } = await permissionsOf(GroupId)
  await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions }))
  expect(await checks.securityGroups(world.cloud, service, {})).toMatchObject([
    { severity: 'wrong', subject: GroupId, expected: expect.stringContaining('egress on traffic port 80') },
  ])
  await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions }))
})

test('a health-check port that is closed is found though the traffic port is open', async () => {
  const service = await world.observe()
  const { elbv2 } = world.cloud.region()
  const TargetGroupArn = world.sample.targetGroupArn
  await elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn, HealthCheckPort: '8081' }))
  const findings = await checks.securityGroups(world.cloud, service, {})
  expect(findings).toMatchObject([{ expected: expect.stringContaining('ingress on health-check port 8081') }])
  await elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn, HealthCheckPort: 'traffic-port' }))
})

test('health checks that cannot fail are found', async () => {
  const service = await world.observe()
  const { elbv2, autoScaling } = world.cloud.region()
  const TargetGroupArn = world.sample.targetGroupArn
  const group = { AutoScalingGroupName: world.sample.autoScalingGroupName }
  await elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn, Matcher: { HttpCode: '200-499' } }))
  await autoScaling.send(new UpdateAutoScalingGroupCommand({ ...group, HealthCheckType: 'EC2' }))
  expect(await checks.healthCheckSettings(world.cloud, service, {})).toMatchObject([
    { severity: 'wrong', seen: '200-499' },
    { severity: 'wrong', seen: 'EC2' },
  ])
  await elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn, Matcher: { HttpCode: '200' } }))
  await autoScaling.send(new UpdateAutoScalingGroupCommand({ ...group, HealthCheckType: 'ELB' }))
})

test('weights that are not those of the stage are found', async () => {
  const service = await world.observe()
  const shares = { orders: 95, 'orders-2-0-0': 5 }
  expect(await checks.listenerWeights(world.cloud, service, { shares })).toMatchObject([
    { severity: 'waiting', expected: 'weights orders 95, orders-2-0-0 5', seen: 'weights orders 100' },
  ])
})

test('the main page, the version and the names that users reach are checked', async () => {
  const service = await world.observe()
  const { cloud } = world
  expect(await checks.mainPage(cloud, service, { path: '/' })).toEqual([])
  expect(await checks.servedVersion(cloud, service, { path: '/', version: '1.0.0' })).toEqual([])
  expect(await checks.dnsRecord(cloud, service, { path: '/', version: '1.0.0' })).toEqual([])
})

test('a main page that is not there is found', async () => {
  const service = await world.observe()
  expect(await checks.mainPage(world.cloud, service, { path: '/nothing-here' })).toMatchObject([
    { severity: 'wrong', seen: 'status 404' },
  ])
})

test('another version than the one expected is found, by the load balancer and by its DNS name', async () => {
  const service = await world.observe()
  const { cloud } = world
  expect(await checks.servedVersion(cloud, service, { path: '/', version: '2.0.0' })).toMatchObject([
    { severity: 'wrong', seen: '1.0.0 12 times' },
  ])
  expect(await checks.dnsRecord(cloud, service, { path: '/', version: '2.0.0' })).toMatchObject([
    { severity: 'waiting', seen: '1.0.0' },
  ])
})

test('what a cloud cannot show is inconclusive', async () => {
  const service = await world.observe()
  const blind = { ...world.cloud, supports: () => ({ ok: false, because: 'it only keeps records' }) as const }
  expect(await checks.mainPage(blind, service, { path: '/' })).toMatchObject([
    { severity: 'unknown', seen: expect.stringContaining('it only keeps records') },
  ])
})
