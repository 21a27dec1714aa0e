import {
  CreateOrUpdateTagsCommand,
  DeleteTagsCommand,
  DescribeAutoScalingGroupsCommand,
  ResumeProcessesCommand,
  SuspendProcessesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling'
import type { FleetName, FleetRole, FleetTarget } from '../strategy.ts'
import type { ActionContext } from './context.ts'
import { TAG } from './tags.ts'

export async function setCapacity(
  context: ActionContext,
  fleet: FleetName,
  target: FleetTarget,
): Promise<void> {
  await context.clients.autoScaling.send(
    new UpdateAutoScalingGroupCommand({
      AutoScalingGroupName: fleet,
      DesiredCapacity: target.desiredCapacity,
      MinSize: target.minSize,
      MaxSize: target.maxSize,
    }),
    { abortSignal: context.signal },
  )
}

/** Makes the suspended processes exactly these. */
export async function setProcesses(
  context: ActionContext,
  fleet: FleetName,
  suspended: readonly string[],
): Promise<void> {
  const before = context.observed.fleets.find((each) => each.name === fleet)?.suspendedProcesses ?? []
  const resume = before.filter((process) => !suspended.includes(process))
  const suspend = suspended.filter((process) => !before.includes(process))
  const options = { abortSignal: context.signal }
  if (suspend.length > 0) {
    const input = { AutoScalingGroupName: fleet, ScalingProcesses: suspend }
    await context.clients.autoScaling.send(new SuspendProcessesCommand(input), options)
  }
  if (resume.length > 0) {
    const input = { AutoScalingGroupName: fleet, ScalingProcesses: resume }
    await context.clients.autoScaling.send(new ResumeProcessesCommand(input), options)
  }
}

/** Every role in one call, so that at no instant two fleets or none are stable. */
export async function setRoles(
  context: ActionContext,
  roles: Readonly<Record<FleetName, FleetRole>>,
): Promise<void> {
  const options = { abortSignal: context.signal }
  const { AutoScalingGroups: groups = [] } = await context.clients.autoScaling.send(
    new DescribeAutoScalingGroupsCommand({
      AutoScalingGroupNames: Object.keys(roles),
      IncludeInstances: false,
    }),
    options,
  )
  // A group that says so already, says so in the words of its owner.
  const isOurs = (fleet: string): boolean =>
    groups
      .find(({ AutoScalingGroupName: name }) => name === fleet)
      ?.Tags?.some(({ Key, Value }) => Key === TAG.service && Value === context.observed.service) ?? false
  await context.clients.autoScaling.send(
    new CreateOrUpdateTagsCommand({
      Tags: Object.entries(roles).flatMap(([fleet, role]) => [
        tag(fleet, TAG.role, role),
        ...(isOurs(fleet) ? [] : [tag(fleet, TAG.service, context.observed.service)]),
      ]),
    }),
    options,
  )
  // Nothing is left on a group of the user's own that is what it was; without the tag it is stable as well.
  const restored = context.observed.fleets.filter(({ name, owned }) => !owned && roles[name] === 'stable')
  if (restored.length === 0) return
  await context.clients.autoScaling.send(
    new DeleteTagsCommand({ Tags: restored.map(({ name }) => tag(name, TAG.role, 'stable')) }),
    options,
  )
}

/** What the group is said to run, and what it launches next is told. */
export async function setRelease(context: ActionContext, fleet: FleetName, release: string): Promise<void> {
  await context.clients.autoScaling.send(
    new CreateOrUpdateTagsCommand({
      Tags: [{ ...tag(fleet, TAG.release, release), PropagateAtLaunch: true }],
    }),
    { abortSignal: context.signal },
  )
}

const tag = (fleet: FleetName, key: string, value: string) => ({
  ResourceType: 'auto-scaling-group',
  ResourceId: fleet,
  Key: key,
  Value: value,
  PropagateAtLaunch: false,
})
