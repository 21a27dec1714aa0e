/** The sample service on an embedded cloud of its own, for the tests of checks and matchers. */

import { CreateAutoScalingGroupCommand, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling'
import { CreateLaunchTemplateVersionCommand } from '@aws-sdk/client-ec2'
import {
  CreateTargetGroupCommand,
  DescribeTargetGroupsCommand,
  ModifyListenerCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
// biome-ignore lint/style/noRestrictedImports: only tests import this file
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
// biome-ignore lint/style/noRestrictedImports: only tests import this file
import { createSampleService, type SampleService } from '#fixtures/scenarios/sample-service'
import { scaledClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import { observeService } from '../converge/observe.ts'
import { TAG } from '../converge/tags.ts'
import { Owned } from '../owned.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { fullCapacity } from './full-capacity.ts'

export interface SampleWorld extends AsyncDisposable {
  readonly embedded: EmbeddedCloud
  readonly cloud: Cloud
  readonly sample: SampleService
  observe(): Promise<ServiceSnapshot>
}

/** The sample service on any cloud. */
export type Standing = Pick<SampleWorld, 'cloud' | 'sample' | 'observe'>

const STABLE = '1.0.0'
const CANDIDATE = '2.0.0'

/** Fast, and its minutes are a second: delays are there, and short. */
const SCALE = 60

export async function openSampleWorld(capacity = 2): Promise<SampleWorld> {
  const clock = scaledClock(SCALE)
  await using owned = new Owned()
  const embedded = owned.use(await createEmbeddedCloud({ clock, settle: 'fast' }))
  const cloud = owned.use(connectCloud(embedded.address))
  const sample = await createSampleService(cloud, { name: 'orders', release: { version: STABLE }, capacity })
  const resources = owned.move()
  return {
    embedded,
    cloud,
    sample,
    observe: () => observeService(cloud, sample.ref),
    [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose](),
  }
}

/** Adds a candidate fleet of the release with these defects, gives it half of the traffic, and waits for its health. */
export async function addCandidate(
  world: Standing,
  defects: readonly Readonly<Record<string, unknown>>[] = [],
  capacity = 1,
): Promise<ServiceSnapshot> {
  const { ec2, elbv2, autoScaling } = world.cloud.region()
  const { sample } = world
  const userData = JSON.stringify({ version: CANDIDATE, defects })
  const [version, groups, target] = await Promise.all([
    ec2.send(
      new CreateLaunchTemplateVersionCommand({
        LaunchTemplateId: sample.launchTemplateId,
        SourceVersion: sample.launchTemplateVersion,
        LaunchTemplateData: { UserData: Buffer.from(userData).toString('base64') },
      }),
    ),
    autoScaling.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [sample.autoScalingGroupName] }),
    ),
    copyOfTargetGroup(world),
  ])
  const weights = [
    { TargetGroupArn: sample.targetGroupArn, Weight: 50 },
    { TargetGroupArn: target, Weight: 50 },
  ]
  await elbv2.send(
    new ModifyListenerCommand({
      ListenerArn: sample.listenerArn,
      DefaultActions: [{ Type: 'forward', ForwardConfig: { TargetGroups: weights } }],
    }),
  )
  const tags = { [TAG.service]: 'orders', [TAG.release]: CANDIDATE, [TAG.role]: 'candidate' }
  await autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'orders-2-0-0',
      LaunchTemplate: {
        LaunchTemplateId: sample.launchTemplateId,
        Version: String(version.LaunchTemplateVersion?.VersionNumber),
      },
      MinSize: capacity,
      MaxSize: capacity,
      VPCZoneIdentifier: groups.AutoScalingGroups?.[0]?.VPCZoneIdentifier,
      TargetGroupARNs: [target],
      HealthCheckType: 'ELB',
      HealthCheckGracePeriod: 60,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value, PropagateAtLaunch: false })),
    }),
  )
  return untilWhole(world)
}

async function copyOfTargetGroup({ cloud, sample }: Standing): Promise<string> {
  const { elbv2 } = cloud.region()
  const { TargetGroups: [model] = [] } = await elbv2.send(
    new DescribeTargetGroupsCommand({ TargetGroupArns: [sample.targetGroupArn] }),
  )
  const { TargetGroups: [made] = [] } = await elbv2.send(
    new CreateTargetGroupCommand({
      Name: 'orders-2-0-0',
      Protocol: model?.Protocol,
      Port: model?.Port,
      VpcId: model?.VpcId,
      HealthCheckPath: model?.HealthCheckPath,
      HealthCheckIntervalSeconds: 5,
      HealthCheckTimeoutSeconds: 2,
      Tags: [{ Key: TAG.service, Value: 'orders' }],
    }),
  )
  if (made?.TargetGroupArn) return made.TargetGroupArn
  throw new Error('the cloud created no target group')
}

/** The service once every group with traffic is at its desired capacity. */
export async function untilWhole(world: Standing): Promise<ServiceSnapshot> {
  const { clock } = world.cloud
  const end = clock.now() + 600_000
  for (;;) {
    const service = await world.observe()
    const findings = await fullCapacity(world.cloud, service, {})
    if (findings.length === 0) return service
    if (clock.now() > end) throw new Error(`the service never came up: ${JSON.stringify(findings)}`)
    await clock.sleep(1_000)
  }
}
