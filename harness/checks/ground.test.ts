import { CreateOrUpdateTagsCommand, UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import {
  CreateKeyPairCommand,
  CreateLaunchTemplateVersionCommand,
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  DeleteKeyPairCommand,
  type DescribeInstanceTypeOfferingsCommandOutput,
  DescribeSecurityGroupsCommand,
  ModifyInstanceAttributeCommand,
  type RequestLaunchTemplateData,
} from '@aws-sdk/client-ec2'
import {
  CreateListenerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  ModifyTargetGroupCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { TAG } from '../converge/tags.ts'
import { groupsOf, inService } from './describe.ts'
import { checks } from './index.ts'
import { openSampleWorld, type SampleWorld } from './sample-world.ts'

/** Each test spoils the ground in one way, and sees its check fail. */
let world: SampleWorld
beforeAll(async () => {
  world = await openSampleWorld(2)
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

const clients = () => world.cloud.region()
const group = 'orders'

test('sound ground passes', async () => {
  const service = await world.observe()
  const { cloud } = world
  const found = await Promise.all([
    checks.drift(cloud, service, {}),
    checks.launchable(cloud, service, {}),
    checks.quotas(cloud, service, {}),
    checks.healthCheckSettings(cloud, service, {}),
  ])
  expect(found.flat()).toEqual([])
})

/** A launch template version as that of the service, but for this. */
async function templateWith(LaunchTemplateData: RequestLaunchTemplateData) {
  const { launchTemplateId: id, launchTemplateVersion: SourceVersion } = world.sample
  const { LaunchTemplateVersion: made } = await clients().ec2.send(
    new CreateLaunchTemplateVersionCommand({ LaunchTemplateId: id, SourceVersion, LaunchTemplateData }),
  )
  return { id, version: String(made?.VersionNumber) }
}

const without = (zone: string) => (output: unknown) => {
  const { InstanceTypeOfferings = [] } = output as DescribeInstanceTypeOfferingsCommandOutput
  return { InstanceTypeOfferings: InstanceTypeOfferings.filter(({ Location }) => Location !== zone) }
}

const launch = async (data: RequestLaunchTemplateData) => {
  const launchTemplate = await templateWith(data)
  return checks.launchable(world.cloud, await world.observe(), { launchTemplate })
}

test('an instance type that is not offered in every zone of the group is found, with the zone', async () => {
  const { calls } = world.embedded.world.faults
  // This cloud offers every type everywhere; AWS does not.
  const notInB = ({ operation }: { operation: string }) =>
    operation === 'DescribeInstanceTypeOfferings'
      ? ({ kind: 'stale', within: (work: () => unknown) => without('us-east-1b')(work()) } as const)
      : undefined
  calls.add(notInB)
  onTestFinished(() => void calls.delete(notInB))
  const service = await world.observe()
  expect(await checks.launchable(world.cloud, service, {})).toMatchObject([
    {
      severity: 'wrong',
      expected: 'instance type t3.micro offered in us-east-1a, us-east-1b',
      seen: 'none in us-east-1b',
    },
  ])
})

test('a quota that leaves no vCPUs for a second fleet is found, with what is in use of it', async () => {
  const { quotas } = world.embedded.world.region('us-east-1')
  const service = await world.observe()
  expect(await checks.vcpuQuota(world.cloud, service, {})).toEqual([])
  // Two instances of two vCPUs each run; two more are needed.
  quotas.set('L-1216C47A', 7)
  onTestFinished(() => void quotas.delete('L-1216C47A'))
  expect(await checks.vcpuQuota(world.cloud, service, {})).toMatchObject([
    {
      severity: 'wrong',
      expected: 'room for 4 vCPUs more (2 × t3.micro)',
      seen: '4 of 7 in use',
      hint: expect.stringContaining('L-1216C47A'),
    },
  ])
  quotas.set('L-1216C47A', 8)
  expect(await checks.vcpuQuota(world.cloud, service, {})).toEqual([])
})

test('health checks in another protocol than the port they ask speaks are found', async () => {
  const { elbv2 } = clients()
  const TargetGroupArn = world.sample.targetGroupArn
  const speak = (HealthCheckProtocol: 'HTTP' | 'HTTPS') =>
    elbv2.send(new ModifyTargetGroupCommand({ TargetGroupArn, HealthCheckProtocol }))
  await speak('HTTPS')
  onTestFinished(async () => void (await speak('HTTP')))
  expect(await checks.healthCheckSettings(world.cloud, await world.observe(), {})).toMatchObject([
    { severity: 'wrong', expected: 'health checks in HTTP, as its port speaks', seen: 'HTTPS' },
  ])
})

test('a security group of another VPC, and one that is gone, are found', async () => {
  const { ec2 } = clients()
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.77.0.0/16' }))
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'foreign', Description: 'foreign', VpcId: Vpc?.VpcId }),
  )
  expect(await launch({ SecurityGroupIds: [GroupId] })).toMatchObject([
    { severity: 'wrong', seen: `${GroupId} of ${Vpc?.VpcId}` },
  ])
  expect(await launch({ SecurityGroupIds: ['sg-0123456789abcdef0'] })).toMatchObject([
    { severity: 'wrong', seen: expect.stringContaining('sg-0123456789abcdef0') },
  ])
})

test('a key pair that is gone is found', async () => {
  const { ec2 } = clients()
  await ec2.send(new CreateKeyPairCommand({ KeyName: 'ops' }))
  expect(await launch({ KeyName: 'ops' })).toEqual([])
  await ec2.send(new DeleteKeyPairCommand({ KeyName: 'ops' }))
  expect(await launch({ KeyName: 'ops' })).toMatchObject([
    { severity: 'wrong', expected: 'key pair ops', seen: expect.stringContaining('InvalidKeyPair.NotFound') },
  ])
})

test('a group that launches another release than its tag names has drifted', async () => {
  const tag = { ResourceType: 'auto-scaling-group', ResourceId: group, PropagateAtLaunch: false }
  const name = (Value: string) =>
    clients().autoScaling.send(new CreateOrUpdateTagsCommand({ Tags: [{ ...tag, Key: TAG.release, Value }] }))
  await name('0.9.0')
  expect(await checks.drift(world.cloud, await world.observe(), {})).toMatchObject([
    {
      severity: 'wrong',
      subject: group,
      expected: expect.stringContaining('0.9.0'),
      seen: expect.stringMatching(/of 1\.0\.0$/),
    },
  ])
  await name('1.0.0')
  expect(await checks.drift(world.cloud, await world.observe(), {})).toEqual([])
})

test('an instance whose security groups were changed while it ran has drifted', async () => {
  const { ec2 } = clients()
  const service = await world.observe()
  const groups = await groupsOf(world.cloud, service, service.fleets)
  const InstanceId = inService(groups.get(group))[0]?.InstanceId
  const filter = { Name: 'vpc-id', Values: [world.sample.vpcId] }
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [filter] }))
  const other = SecurityGroups.find(({ GroupName }) => GroupName === 'default')?.GroupId ?? ''
  const set = (Groups: string[]) => ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, Groups }))
  await set([other, world.sample.instanceGroupId])
  expect(await checks.drift(world.cloud, service, {})).toMatchObject([
    { severity: 'wrong', subject: InstanceId, seen: expect.stringContaining(other) },
  ])
  await set([world.sample.instanceGroupId])
  expect(await checks.drift(world.cloud, service, {})).toEqual([])
})

test('a grace period in which no instance could boot is found', async () => {
  const service = await world.observe()
  const { autoScaling, elbv2 } = clients()
  const grace = (HealthCheckGracePeriod: number) =>
    autoScaling.send(
      new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: group, HealthCheckGracePeriod }),
    )
  await elbv2.send(
    new ModifyTargetGroupCommand({
      TargetGroupArn: world.sample.targetGroupArn,
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      UnhealthyThresholdCount: 2,
    }),
  )
  await grace(0)
  expect(await checks.healthCheckSettings(world.cloud, service, {})).toMatchObject([
    { severity: 'wrong', subject: group, seen: '0 s, and targets are unhealthy after 10 s' },
  ])
  await grace(60)
  expect(await checks.healthCheckSettings(world.cloud, service, {})).toEqual([])
})

test('a load balancer that takes no more target groups is found', { timeout: 30_000 }, async () => {
  const service = await world.observe()
  const { elbv2 } = clients()
  const arns = await Promise.all(
    Array.from({ length: 99 }, async (_, n) => {
      const input = { Name: `more-${n}`, Protocol: 'HTTP', Port: 80, VpcId: world.sample.vpcId } as const
      const { TargetGroups } = await elbv2.send(new CreateTargetGroupCommand(input))
      return TargetGroups?.[0]?.TargetGroupArn ?? ''
    }),
  )
  expect(await checks.quotas(world.cloud, service, {})).toEqual([])
  const forward = (some: readonly string[]) => ({
    Type: 'forward' as const,
    ForwardConfig: { TargetGroups: some.map((TargetGroupArn) => ({ TargetGroupArn, Weight: 1 })) },
  })
  const { Listeners } = await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: world.sample.loadBalancerArn,
      Protocol: 'HTTP',
      Port: 8080,
      DefaultActions: [forward(arns.slice(0, 4))],
    }),
  )
  for (let at = 4; at < arns.length; at += 5) {
    await elbv2.send(
      new CreateRuleCommand({
        ListenerArn: Listeners?.[0]?.ListenerArn,
        Priority: at,
        Conditions: [{ Field: 'path-pattern', Values: [`/${at}`] }],
        Actions: [forward(arns.slice(at, at + 5))],
      }),
    )
  }
  expect(await checks.quotas(world.cloud, service, {})).toMatchObject([
    {
      severity: 'wrong',
      expected: 'fewer than 100 target groups of the load balancer',
      seen: '100',
    },
  ])
})
