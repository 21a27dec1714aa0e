import {
  DescribeInstanceRefreshesCommand,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling'
import {
  CreateLaunchTemplateVersionCommand,
  DeleteLaunchTemplateVersionsCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import { DescribeTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { ListHostedZonesCommand, ListResourceRecordSetsCommand } from '@aws-sdk/client-route-53'
import type { RegionClients } from '../../cloud.ts'
import { isDenied, whyNoAnswer, whyNotBuilt } from '../../connect/index.ts'
import { describeError } from '../../errors.ts'
import type { GroupFleet } from '../../strategy.ts'
import { type Diagnosis, fail, ok, warn } from './diagnosis.ts'

type Tries = Readonly<Record<string, () => Promise<unknown>>>

/**
 * Tries what can be tried without changing anything: what is read, and what EC2 takes as a dry run. Load balancers and
 * groups have no dry run.
 */
export async function permissions(
  clients: RegionClients,
  stable: GroupFleet,
  subnet: string | undefined,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const options = { abortSignal: signal }
  const tries = { ...reads(clients, stable, options), ...dryRuns(clients, stable, subnet, options) }
  const outcomes = await Promise.all(
    Object.entries(tries).map(async ([action, call]) => ({ action, ...(await outcomeOf(call)) })),
  )
  signal.throwIfAborted()
  const named = (kind: string): string[] =>
    outcomes
      .filter((each) => each.kind === kind)
      .map(({ action, why }) => (why ? `${action} (${why})` : action))
  const denied = named('denied')
  const unclear = named('unclear')
  if (denied.length > 0)
    return fail('permissions', `denied: ${denied.join(', ')}`, 'allow what sluice policy prints')
  if (unclear.length > 0)
    return warn('permissions', `could not be tried: ${unclear.join(', ')}`, 'run sluice doctor again')
  return ok(
    'permissions',
    `${outcomes.length} actions were tried and are allowed; changes of load balancers and groups cannot be tried without making them`,
  )
}

interface Outcome {
  readonly kind: 'allowed' | 'denied' | 'unclear'
  readonly why?: string
}

async function outcomeOf(call: () => Promise<unknown>): Promise<Outcome> {
  try {
    await call()
    return { kind: 'allowed' }
  } catch (thrown) {
    // EC2 API Reference, Error codes: "would have succeeded, but the DryRun parameter was used".
    if (thrown instanceof Error && thrown.name === 'DryRunOperation') return { kind: 'allowed' }
    if (isDenied(thrown)) return { kind: 'denied' }
    return { kind: 'unclear', why: whyNotBuilt(thrown) ?? whyNoAnswer(thrown) ?? describeError(thrown) }
  }
}

interface CallOptions {
  readonly abortSignal: AbortSignal
}

const reads = (
  { ec2, elbv2, autoScaling, route53 }: RegionClients,
  { name, targetGroupArn }: GroupFleet,
  options: CallOptions,
): Tries => ({
  'ec2:DescribeImages': () => ec2.send(new DescribeImagesCommand({ Owners: ['self'] }), options),
  'ec2:DescribeInstances': () => ec2.send(new DescribeInstancesCommand({ MaxResults: 5 }), options),
  'ec2:DescribeInstanceTypeOfferings': () =>
    ec2.send(new DescribeInstanceTypeOfferingsCommand({ MaxResults: 5 }), options),
  'ec2:DescribeKeyPairs': () => ec2.send(new DescribeKeyPairsCommand({}), options),
  'ec2:DescribeSecurityGroups': () => ec2.send(new DescribeSecurityGroupsCommand({ MaxResults: 5 }), options),
  'ec2:DescribeSubnets': () => ec2.send(new DescribeSubnetsCommand({ MaxResults: 5 }), options),
  'elasticloadbalancing:DescribeTags': () =>
    elbv2.send(new DescribeTagsCommand({ ResourceArns: [targetGroupArn] }), options),
  'autoscaling:DescribeInstanceRefreshes': () =>
    autoScaling.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: name }), options),
  'autoscaling:DescribeScalingActivities': () =>
    autoScaling.send(new DescribeScalingActivitiesCommand({ AutoScalingGroupName: name }), options),
  'route53:ListHostedZones': () => route53.send(new ListHostedZonesCommand({ MaxItems: 1 }), options),
  'route53:ListResourceRecordSets': async () => {
    const { HostedZones: [zone] = [] } = await route53.send(
      new ListHostedZonesCommand({ MaxItems: 1 }),
      options,
    )
    if (zone)
      await route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: zone.Id, MaxItems: 1 }), options)
  },
})

const dryRuns = (
  { ec2 }: RegionClients,
  { launchTemplate: { id, version } }: GroupFleet,
  subnet: string | undefined,
  options: CallOptions,
): Tries => ({
  'ec2:CreateLaunchTemplateVersion': () =>
    ec2.send(
      new CreateLaunchTemplateVersionCommand({
        DryRun: true,
        LaunchTemplateId: id,
        SourceVersion: version,
        LaunchTemplateData: { UserData: Buffer.from('{}').toString('base64') },
      }),
      options,
    ),
  'ec2:DeleteLaunchTemplateVersions': () =>
    ec2.send(
      new DeleteLaunchTemplateVersionsCommand({ DryRun: true, LaunchTemplateId: id, Versions: [version] }),
      options,
    ),
  'ec2:RunInstances': () =>
    ec2.send(
      new RunInstancesCommand({
        DryRun: true,
        LaunchTemplate: { LaunchTemplateId: id, Version: version },
        MinCount: 1,
        MaxCount: 1,
        ...(subnet ? { SubnetId: subnet } : {}),
      }),
      options,
    ),
})
