import {
  ResumeProcessesCommand,
  SuspendProcessesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling'
import {
  CreateLaunchTemplateVersionCommand,
  CreateSubnetCommand,
  DeleteLaunchTemplateVersionsCommand,
  DescribeAvailabilityZonesCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import {
  CreateTargetGroupCommand,
  DeregisterTargetsCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { groupsOf, inService } from './describe.ts'
import type { Findings } from './finding.ts'
import { checks } from './index.ts'
import { openSampleWorld, type SampleWorld, untilWhole } from './sample-world.ts'

/** Each test spoils the world in one way, sees its check fail, and puts the world right. */
let world: SampleWorld
beforeAll(async () => {
  world = await openSampleWorld(2)
}, 60_000)
afterAll(() => world[Symbol.asyncDispose]())

const clients = () => world.cloud.region()
const group = 'orders'
const severities = (findings: Findings): readonly string[] => findings.map(({ severity }) => severity)

test('a sound service passes every check of its fleets', async () => {
  const service = await world.observe()
  const { cloud } = world
  const found = await Promise.all([
    checks.zones(cloud, service, {}),
    checks.zoneBalance(cloud, service, {}),
    checks.targetHealth(cloud, service, {}),
    checks.fullCapacity(cloud, service, { capacity: 2 }),
    checks.suspendedProcesses(cloud, service, {}),
    checks.noRefresh(cloud, service, {}),
    checks.revertible(cloud, service, {}),
    checks.headroom(cloud, service, {}),
    checks.immutable(cloud, service, {}),
    checks.drained(cloud, service, {}),
    checks.orphans(cloud, service, {}),
    checks.healthCheckSettings(cloud, service, {}),
    checks.securityGroups(cloud, service, {}),
    checks.restored(cloud, service, { before: service }),
    checks.listenerWeights(cloud, service, { shares: service.shares }),
  ])
  expect(found.flat()).toEqual([])
})

test('a suspended process is found, unless it may be', async () => {
  const service = await world.observe()
  const processes = { AutoScalingGroupName: group, ScalingProcesses: ['AlarmNotification'] }
  await clients().autoScaling.send(new SuspendProcessesCommand(processes))
  expect(await checks.suspendedProcesses(world.cloud, service, {})).toMatchObject([
    { severity: 'wrong', subject: group, seen: expect.stringContaining('AlarmNotification') },
  ])
  const allowed = ['AlarmNotification']
  expect(await checks.suspendedProcesses(world.cloud, service, { allowed })).toEqual([])
  expect(severities(await checks.restored(world.cloud, service, { before: service }))).toEqual(['wrong'])
  await clients().autoScaling.send(new ResumeProcessesCommand(processes))
})

test('a lost instance is waited for, a lowered capacity is a fact', async () => {
  const service = await world.observe()
  const launch = { AutoScalingGroupName: group, ScalingProcesses: ['Launch'] }
  await clients().autoScaling.send(new SuspendProcessesCommand(launch))
  const groups = await groupsOf(world.cloud, service, service.fleets)
  const [victim] = inService(groups.get(group))
  await clients().autoScaling.send(
    new TerminateInstanceInAutoScalingGroupCommand({
      InstanceId: victim?.InstanceId,
      ShouldDecrementDesiredCapacity: false,
    }),
  )
  await expect
    .poll(async () => severities(await checks.fullCapacity(world.cloud, service, {})), { timeout: 10_000 })
    .toEqual(['waiting', 'waiting'])
  expect(severities(await checks.fullCapacity(world.cloud, service, { capacity: 3 }))).toEqual(['wrong'])
  await clients().autoScaling.send(new ResumeProcessesCommand(launch))
  await untilWhole(world)
})

test('a target that is not healthy is waited for, and so are targets of a fleet without any', async () => {
  const service = await world.observe()
  const add = { AutoScalingGroupName: group, ScalingProcesses: ['HealthCheck', 'ReplaceUnhealthy'] }
  await clients().autoScaling.send(new SuspendProcessesCommand(add))
  const groups = await groupsOf(world.cloud, service, service.fleets)
  const TargetGroupArn = world.sample.targetGroupArn
  const Targets = inService(groups.get(group)).map(({ InstanceId: Id }) => ({ Id }))
  await clients().elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }))
  expect(await checks.targetHealth(world.cloud, service, {})).toMatchObject([
    { severity: 'waiting', seen: 'none registered' },
  ])
  const nobody = Targets.slice(0, 1).map(({ Id }) => ({ Id, Port: 9 }))
  await clients().elbv2.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: nobody }))
  expect(await checks.targetHealth(world.cloud, service, {})).toMatchObject([
    { severity: 'waiting', subject: expect.stringContaining(':9') },
  ])
  await clients().elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: nobody }))
  await clients().elbv2.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }))
  await clients().autoScaling.send(new ResumeProcessesCommand(add))
  await untilWhole(world)
})

test('an instance of another launch template version than its group records, and one not numbered, are found', async () => {
  const { launchTemplateId: LaunchTemplateId, launchTemplateVersion: version } = world.sample
  const { LaunchTemplateVersion: made } = await clients().ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId,
      SourceVersion: version,
      LaunchTemplateData: { InstanceType: 't3.small' },
    }),
  )
  const pin = (Version: string) =>
    clients().autoScaling.send(
      new UpdateAutoScalingGroupCommand({
        AutoScalingGroupName: group,
        LaunchTemplate: { LaunchTemplateId, Version },
      }),
    )
  const newer = String(made?.VersionNumber)
  await pin(newer)
  const findings = await checks.immutable(world.cloud, await world.observe(), {})
  expect(findings).toMatchObject([
    { severity: 'wrong', expected: expect.stringContaining(`version ${newer}`) },
    { severity: 'wrong', seen: expect.stringContaining(`version ${version}`) },
  ])
  await pin('$Latest')
  const unpinned = await world.observe()
  expect(severities(await checks.immutable(world.cloud, unpinned, {}))).toEqual(['wrong'])
  expect(severities(await checks.revertible(world.cloud, unpinned, {}))).toEqual(['wrong'])
  await pin(version)
  await clients().ec2.send(new DeleteLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [newer] }))
  const launchTemplates = [{ id: LaunchTemplateId, version: newer }]
  expect(severities(await checks.revertible(world.cloud, unpinned, { launchTemplates }))).toEqual(['wrong'])
})

test('an image that is gone is a fact', async () => {
  const service = await world.observe()
  expect(
    await checks.imageAvailable(world.cloud, service, { imageId: 'ami-0123456789abcdef0' }),
  ).toMatchObject([{ severity: 'wrong', subject: 'ami-0123456789abcdef0' }])
})

test('a zone that the load balancer does not cover, a group in one zone only, and full subnets are found', async () => {
  const service = await world.observe()
  const { ec2, autoScaling } = clients()
  const { AvailabilityZones: all = [] } = await ec2.send(new DescribeAvailabilityZonesCommand({}))
  const groups = await groupsOf(world.cloud, service, service.fleets)
  const used = groups.get(group)?.AvailabilityZones ?? []
  const other = all.map(({ ZoneName }) => ZoneName).find((zone) => zone && !used.includes(zone))
  const { Subnet: subnet } = await ec2.send(
    new CreateSubnetCommand({
      VpcId: world.sample.vpcId,
      AvailabilityZone: other,
      CidrBlock: '10.0.250.0/28',
    }),
  )
  const before = groups.get(group)?.VPCZoneIdentifier
  const stay = { AutoScalingGroupName: group, ScalingProcesses: ['AZRebalance'] }
  const place = (VPCZoneIdentifier: string | undefined) =>
    autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: group, VPCZoneIdentifier }))
  await autoScaling.send(new SuspendProcessesCommand(stay))
  await place(subnet?.SubnetId)
  expect(await checks.zones(world.cloud, service, {})).toMatchObject([
    { severity: 'wrong', subject: group, expected: 'two zones or more' },
    { severity: 'wrong', hint: expect.stringContaining(`enable ${other}`) },
  ])
  expect(severities(await checks.headroom(world.cloud, service, {}))).toEqual([])
  const fill = { MinCount: 10, MaxCount: 10, SubnetId: subnet?.SubnetId }
  const { LaunchTemplateId, Version } = {
    LaunchTemplateId: world.sample.launchTemplateId,
    Version: world.sample.launchTemplateVersion,
  }
  await ec2.send(new RunInstancesCommand({ ...fill, LaunchTemplate: { LaunchTemplateId, Version } }))
  expect(severities(await checks.headroom(world.cloud, service, {}))).toEqual(['wrong'])
  await place(before)
  await autoScaling.send(new ResumeProcessesCommand(stay))
  await untilWhole(world)
})

test('instances that have crowded into one zone are waited for', async () => {
  const { autoScaling } = clients()
  const service = await world.observe()
  const { VPCZoneIdentifier: all = '' } =
    (await groupsOf(world.cloud, service, service.fleets)).get(group) ?? {}
  const stay = { AutoScalingGroupName: group, ScalingProcesses: ['AZRebalance'] }
  const place = (VPCZoneIdentifier: string, DesiredCapacity: number) =>
    autoScaling.send(
      new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: group, VPCZoneIdentifier, DesiredCapacity }),
    )
  await autoScaling.send(new SuspendProcessesCommand(stay))
  await place(all.split(',')[0] ?? '', 4)
  await untilWhole(world)
  await place(all, 4)
  expect(await checks.zoneBalance(world.cloud, await world.observe(), {})).toMatchObject([
    { severity: 'waiting', subject: group },
  ])
  await place(all, 2)
  await autoScaling.send(new ResumeProcessesCommand(stay))
  await untilWhole(world)
})

test('a fleet with fewer instances replaced than the stage says is waited for', async () => {
  const service = await world.observe()
  const mixed = (old: number) =>
    checks.fleetMix(world.cloud, service, { mixes: { [group]: { '1.0.0': old, '2.0.0': 1 - old } } })
  expect(await mixed(1)).toEqual([])
  expect(await mixed(0.5)).toMatchObject([
    { severity: 'waiting', subject: group, expected: '1 of 2 instances on 1.0.0', seen: '2' },
  ])
})

test('a target group of the service with targets and no rule is an orphan', async () => {
  const service = await world.observe()
  const groups = await groupsOf(world.cloud, service, service.fleets)
  const [instance] = inService(groups.get(group))
  const { TargetGroups: [made] = [] } = await clients().elbv2.send(
    new CreateTargetGroupCommand({
      Name: 'left-over',
      Protocol: 'HTTP',
      Port: 80,
      VpcId: world.sample.vpcId,
      Tags: [{ Key: 'sluice:service', Value: 'orders' }],
    }),
  )
  expect(await checks.orphans(world.cloud, service, {})).toEqual([])
  const TargetGroupArn = made?.TargetGroupArn
  const Targets = [{ Id: instance?.InstanceId }]
  await clients().elbv2.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }))
  expect(await checks.orphans(world.cloud, service, {})).toMatchObject([
    { severity: 'waiting', subject: TargetGroupArn, seen: '1 target' },
  ])
  await clients().elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }))
})

test('a fleet that serves is not drained', async () => {
  const service = await world.observe()
  expect(severities(await checks.drained(world.cloud, service, { fleets: [group] }))).toEqual([
    'wrong',
    'waiting',
    'wrong',
    'waiting',
  ])
})

test('bounds that were not put back are found', async () => {
  const service = await world.observe()
  await clients().autoScaling.send(
    new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: group, MinSize: 1 }),
  )
  expect(await checks.restored(world.cloud, service, { before: service })).toMatchObject([
    {
      severity: 'wrong',
      expected: expect.stringContaining('minimum 2'),
      seen: expect.stringContaining('minimum 1'),
    },
  ])
  await clients().autoScaling.send(
    new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: group, MinSize: 2 }),
  )
})
