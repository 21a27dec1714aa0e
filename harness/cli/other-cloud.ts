/** For tests: a service to deploy to on an emulator that has APIs alone, and what it leaves undone of AWS's own doing. */
import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling'
import { CreateLaunchTemplateVersionCommand, DescribeImagesCommand } from '@aws-sdk/client-ec2'
import {
  DeregisterTargetsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { wallClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'

/** Creates the service on 1.0.0, and version 2 of its launch template for 1.1.0. */
export async function prepare(cloud: Cloud, name: string): Promise<void> {
  const { ec2 } = cloud.region()
  const { Images: [image] = [] } = await ec2.send(new DescribeImagesCommand({}))
  const imageId = image?.ImageId ?? ''
  const { instanceGroupId } = await createSampleService(cloud, {
    name,
    release: { version: '1.0.0', imageId },
    capacity: 2,
  })
  await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateName: name,
      // Without user data: moto_server cannot launch from a second version that has some.
      LaunchTemplateData: { ImageId: imageId, InstanceType: 't3.micro', SecurityGroupIds: [instanceGroupId] },
    }),
  )
}

/** Wall milliseconds between two looks. */
const LOOK = 200
/** The same after which a round of looks that hangs is begun anew. */
const ROUND = 5_000

/**
 * What Auto Scaling does on AWS and moto_server does not: an instance that leaves its group leaves the target groups of
 * that group as well. Goes on until it is disposed.
 */
export function deregisterLeavers(cloud: Cloud): AsyncDisposable {
  const stop = new AbortController()
  const { autoScaling, elbv2 } = cloud.region()
  const once = async (options: { abortSignal: AbortSignal }): Promise<void> => {
    const { TargetGroups = [] } = await elbv2.send(new DescribeTargetGroupsCommand({}), options)
    const registered = await Promise.all(
      TargetGroups.map(async ({ TargetGroupArn }) => {
        const health = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn }), options)
        const ids = health.TargetHealthDescriptions?.flatMap(({ Target }) => Target?.Id ?? []) ?? []
        return { TargetGroupArn, ids }
      }),
    )
    // Asked afterwards: what was registered before has been a member before.
    const { AutoScalingGroups = [] } = await autoScaling.send(
      new DescribeAutoScalingGroupsCommand({}),
      options,
    )
    const members = new Set(
      AutoScalingGroups.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId)),
    )
    for (const { TargetGroupArn, ids } of registered) {
      const Targets = ids.filter((id) => !members.has(id)).map((Id) => ({ Id }))
      if (Targets.length > 0)
        await elbv2.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }), options)
    }
  }
  const going = (async () => {
    while (!stop.signal.aborted) {
      // A fleet that is removed meanwhile takes its target group with it.
      await once({ abortSignal: AbortSignal.timeout(ROUND) }).catch(() => undefined)
      await wallClock.sleep(LOOK)
    }
  })()
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await going
    },
  }
}
