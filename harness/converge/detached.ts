import { DescribeInstancesCommand, type Instance } from '@aws-sdk/client-ec2'
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { SluiceError } from '../errors.ts'
import type { GroupFleet } from '../strategy.ts'
import type { ActionContext } from './context.ts'
import { answering, type Serving } from './instance-health.ts'
import { passing } from './observe-instances.ts'

/** DescribeInstances takes at most 1000 ids. */
const IDS_AT_ONCE = 500

/**
 * Those of the instances of a detached group that are as healthy as can be seen. No target group checks them, so they are
 * asked what it would ask. From where not even a healthy target can be asked, EC2's status checks are all that tells.
 */
export async function ableIn(
  context: ActionContext,
  { targetGroupArn }: GroupFleet,
  ids: readonly string[],
): Promise<readonly Instance[]> {
  const { clients, cloud, signal } = context
  const options = { abortSignal: signal }
  const [{ TargetGroups: [group] = [] }, { TargetHealthDescriptions: targets = [] }] = await Promise.all([
    clients.elbv2.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [targetGroupArn] }), options),
    clients.elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }), options),
  ])
  if (!group) throw new SluiceError('cloud', `target group ${targetGroupArn} is gone`)
  const healthy = targets.flatMap(({ Target: target, TargetHealth: health }) =>
    health?.State === 'healthy' && target?.Id?.startsWith('i-') ? target.Id : [],
  )
  const witness = healthy.find((id) => !ids.includes(id))
  const passed = await passing(clients, await instancesNamed(context, ids), signal)
  if (witness === undefined || group.HealthCheckProtocol !== 'HTTP') return passed
  const asked = [...passed, ...(await instancesNamed(context, [witness]))]
  const answered = await answering(cloud, asked, asItAsks(group), signal)
  const reached = answered.some(({ InstanceId: id }) => id === witness)
  return reached ? answered.filter(({ InstanceId: id }) => id !== witness) : passed
}

const asItAsks = ({ HealthCheckPort: given, HealthCheckPath: path = '/', Port }: TargetGroup): Serving => ({
  // `traffic-port` is no number.
  port: Number(given) || Port || 80,
  path,
  outside: false,
})

async function instancesNamed(
  { clients, signal }: ActionContext,
  ids: readonly string[],
): Promise<readonly Instance[]> {
  const found: Instance[] = []
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const { Reservations: reservations = [] } = await clients.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: ids.slice(from, from + IDS_AT_ONCE) }),
      { abortSignal: signal },
    )
    found.push(...reservations.flatMap(({ Instances: instances = [] }) => instances))
  }
  return found
}
