import {
  CancelInstanceRefreshCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  DescribeScalingActivitiesCommand,
  DescribeAccountLimitsCommand as GroupLimitsCommand,
  ResumeProcessesCommand,
  RollbackInstanceRefreshCommand,
  StartInstanceRefreshCommand,
  SuspendProcessesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling'
import {
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
} from '@aws-sdk/client-cloudwatch'
import {
  CreateLaunchTemplateVersionCommand,
  DeleteLaunchTemplateVersionsCommand,
  DescribeImagesCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  DescribeLaunchTemplatesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand as Ec2TagsCommand,
} from '@aws-sdk/client-ec2'
import {
  DescribeAccountLimitsCommand as BalancerLimitsCommand,
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ModifyListenerCommand,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import {
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  ListHostedZonesByNameCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
} from '@aws-sdk/client-route-53'
import { GetServiceQuotaCommand } from '@aws-sdk/client-service-quotas'
import type { Cloud, RegionClients } from '../cloud.ts'
import { whyNoAnswer, whyNotBuilt } from '../connect/index.ts'

type Tries = Readonly<Record<string, () => Promise<unknown>>>

/** Nothing has these names: what is asked of them is refused by a cloud that knows the operation. */
const NOTHING = 'sluice-asks-what-is-built'
const TEMPLATE = 'lt-00000000000000000'
const ARN = 'arn:aws:elasticloadbalancing:us-east-1:000000000000'
const TARGET_GROUP = `${ARN}:targetgroup/${NOTHING}/0000000000000000`
const LISTENER = `${ARN}:listener/app/${NOTHING}/0000000000000000/0000000000000000`

/**
 * Which actions a cloud that is not AWS has not built, with what it answers to them. Nothing is changed: reads, dry runs,
 * and changes of what is not there. What creates, deletes or tags is not tried.
 */
export async function notBuilt(
  cloud: Cloud,
  region: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const clients = cloud.region(region)
  const options = { abortSignal: signal }
  const tries = {
    ...balancing(clients, options),
    ...scaling(clients, options),
    ...computing(clients, options),
    ...naming(clients, options),
    ...counting(clients, options),
  }
  const missing = new Map<string, string>()
  const look = async ([action, call]: [string, () => Promise<unknown>]): Promise<void> => {
    try {
      await call()
    } catch (thrown) {
      signal.throwIfAborted()
      // Where nothing is there to be changed, a cloud that fails may yet be able to change what is.
      const plain = /:(Describe|List)/.test(action) || action.startsWith('ec2:')
      const why = whyNotBuilt(thrown) ?? (plain ? whyNoAnswer(thrown) : undefined)
      if (why !== undefined) missing.set(action, why)
    }
  }
  await Promise.all(Object.entries(tries).map(look))
  return missing
}

interface CallOptions {
  readonly abortSignal: AbortSignal
}

const balancing = ({ elbv2 }: RegionClients, options: CallOptions): Tries => {
  const TargetGroupArn = TARGET_GROUP
  return {
    'elasticloadbalancing:DescribeAccountLimits': () => elbv2.send(new BalancerLimitsCommand({}), options),
    'elasticloadbalancing:DescribeLoadBalancers': () =>
      elbv2.send(new DescribeLoadBalancersCommand({}), options),
    'elasticloadbalancing:DescribeListeners': () =>
      elbv2.send(new DescribeListenersCommand({ ListenerArns: [LISTENER] }), options),
    'elasticloadbalancing:DescribeRules': () =>
      elbv2.send(new DescribeRulesCommand({ ListenerArn: LISTENER }), options),
    'elasticloadbalancing:DescribeTags': () =>
      elbv2.send(new DescribeTagsCommand({ ResourceArns: [TARGET_GROUP] }), options),
    'elasticloadbalancing:DescribeTargetGroups': () =>
      elbv2.send(new DescribeTargetGroupsCommand({}), options),
    'elasticloadbalancing:DescribeTargetGroupAttributes': () =>
      elbv2.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }), options),
    'elasticloadbalancing:DescribeTargetHealth': () =>
      elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn }), options),
    'elasticloadbalancing:ModifyListener': () =>
      elbv2.send(new ModifyListenerCommand({ ListenerArn: LISTENER }), options),
    'elasticloadbalancing:ModifyTargetGroupAttributes': () =>
      elbv2.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn, Attributes: [] }), options),
  }
}

const scaling = ({ autoScaling }: RegionClients, options: CallOptions): Tries => {
  const group = { AutoScalingGroupName: NOTHING }
  return {
    'autoscaling:DescribeAccountLimits': () => autoScaling.send(new GroupLimitsCommand({}), options),
    'autoscaling:DescribeAutoScalingGroups': () =>
      autoScaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [NOTHING] }), options),
    'autoscaling:DescribeInstanceRefreshes': () =>
      autoScaling.send(new DescribeInstanceRefreshesCommand(group), options),
    'autoscaling:DescribeScalingActivities': () =>
      autoScaling.send(new DescribeScalingActivitiesCommand(group), options),
    'autoscaling:UpdateAutoScalingGroup': () =>
      autoScaling.send(new UpdateAutoScalingGroupCommand(group), options),
    'autoscaling:StartInstanceRefresh': () =>
      autoScaling.send(new StartInstanceRefreshCommand(group), options),
    'autoscaling:CancelInstanceRefresh': () =>
      autoScaling.send(new CancelInstanceRefreshCommand(group), options),
    'autoscaling:RollbackInstanceRefresh': () =>
      autoScaling.send(new RollbackInstanceRefreshCommand(group), options),
    'autoscaling:SuspendProcesses': () => autoScaling.send(new SuspendProcessesCommand(group), options),
    'autoscaling:ResumeProcesses': () => autoScaling.send(new ResumeProcessesCommand(group), options),
  }
}

const computing = ({ ec2 }: RegionClients, options: CallOptions): Tries => {
  const template = { LaunchTemplateId: TEMPLATE, DryRun: true }
  const LaunchTemplateData = { UserData: Buffer.from('{}').toString('base64') }
  return {
    'ec2:DescribeImages': () => ec2.send(new DescribeImagesCommand({ Owners: ['self'] }), options),
    'ec2:DescribeInstances': () => ec2.send(new DescribeInstancesCommand({ MaxResults: 5 }), options),
    'ec2:DescribeInstanceStatus': () =>
      ec2.send(new DescribeInstanceStatusCommand({ MaxResults: 5 }), options),
    'ec2:DescribeLaunchTemplates': () =>
      ec2.send(new DescribeLaunchTemplatesCommand({ MaxResults: 5 }), options),
    'ec2:DescribeInstanceTypeOfferings': () =>
      ec2.send(new DescribeInstanceTypeOfferingsCommand({ MaxResults: 5 }), options),
    'ec2:DescribeKeyPairs': () => ec2.send(new DescribeKeyPairsCommand({}), options),
    'ec2:DescribeSecurityGroups': () =>
      ec2.send(new DescribeSecurityGroupsCommand({ MaxResults: 5 }), options),
    'ec2:DescribeSubnets': () => ec2.send(new DescribeSubnetsCommand({ MaxResults: 5 }), options),
    'ec2:DescribeTags': () => ec2.send(new Ec2TagsCommand({ MaxResults: 5 }), options),
    'ec2:DescribeLaunchTemplateVersions': () =>
      ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: TEMPLATE }), options),
    'ec2:CreateLaunchTemplateVersion': () =>
      ec2.send(new CreateLaunchTemplateVersionCommand({ ...template, LaunchTemplateData }), options),
    'ec2:DeleteLaunchTemplateVersions': () =>
      ec2.send(new DeleteLaunchTemplateVersionsCommand({ ...template, Versions: ['1'] }), options),
  }
}

/** No hosted zone and no change has these ids. */
const ZONE = 'Z00000000000000'
const CHANGE = 'C00000000000000'

const naming = ({ route53 }: RegionClients, options: CallOptions): Tries => {
  const record = { Name: `${NOTHING}.example.com`, Type: 'TXT', TTL: 60 } as const
  const Changes = [
    { Action: 'DELETE' as const, ResourceRecordSet: { ...record, ResourceRecords: [{ Value: '"none"' }] } },
  ]
  return {
    'route53:ListHostedZones': () => route53.send(new ListHostedZonesCommand({ MaxItems: 1 }), options),
    'route53:ListHostedZonesByName': () =>
      route53.send(new ListHostedZonesByNameCommand({ MaxItems: 1 }), options),
    'route53:ListResourceRecordSets': () =>
      route53.send(new ListResourceRecordSetsCommand({ HostedZoneId: ZONE, MaxItems: 1 }), options),
    'route53:GetChange': () => route53.send(new GetChangeCommand({ Id: CHANGE }), options),
    'route53:ChangeResourceRecordSets': () =>
      route53.send(
        new ChangeResourceRecordSetsCommand({ HostedZoneId: ZONE, ChangeBatch: { Changes } }),
        options,
      ),
  }
}

const counting = ({ ec2, cloudWatch, serviceQuotas }: RegionClients, options: CallOptions): Tries => {
  const metric = { Namespace: 'AWS/EC2', MetricName: 'CPUUtilization' }
  const within = { StartTime: new Date(0), EndTime: new Date(60_000) }
  const Metric = { Metric: metric, Period: 60, Stat: 'Average' }
  return {
    'cloudwatch:DescribeAlarms': () => cloudWatch.send(new DescribeAlarmsCommand({ MaxRecords: 1 }), options),
    'cloudwatch:GetMetricData': () =>
      cloudWatch.send(
        new GetMetricDataCommand({ ...within, MetricDataQueries: [{ Id: 'any', MetricStat: Metric }] }),
        options,
      ),
    'cloudwatch:GetMetricStatistics': () =>
      cloudWatch.send(
        new GetMetricStatisticsCommand({ ...metric, ...within, Period: 60, Statistics: ['Average'] }),
        options,
      ),
    'ec2:DescribeInstanceTypes': () =>
      ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ['t3.micro'] }), options),
    'servicequotas:GetServiceQuota': () =>
      serviceQuotas.send(
        new GetServiceQuotaCommand({ ServiceCode: 'ec2', QuotaCode: 'L-1216C47A' }),
        options,
      ),
  }
}
