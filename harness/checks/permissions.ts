import type { Permission } from '../permission.ts'

/** What the built-in suites read, beside what observing the service takes. */
export const CHECKING: readonly Permission[] = [
  { action: 'autoscaling:DescribeAccountLimits' },
  { action: 'autoscaling:DescribeInstanceRefreshes' },
  { action: 'autoscaling:DescribeScalingActivities' },
  { action: 'cloudwatch:GetMetricData' },
  { action: 'ec2:DescribeImages' },
  { action: 'ec2:DescribeInstances' },
  { action: 'ec2:DescribeInstanceTypeOfferings' },
  { action: 'ec2:DescribeInstanceTypes' },
  { action: 'ec2:DescribeKeyPairs' },
  { action: 'ec2:DescribeSecurityGroups' },
  { action: 'ec2:DescribeSubnets' },
  { action: 'elasticloadbalancing:DescribeAccountLimits' },
  { action: 'route53:ListHostedZones' },
  { action: 'route53:ListResourceRecordSets' },
  { action: 'servicequotas:GetServiceQuota' },
]

/** What gates read where alarms are configured. */
export const WATCHING: readonly Permission[] = [{ action: 'cloudwatch:DescribeAlarms' }]

/** What the suites of the phase `resilience` do on purpose. */
export const HARMING: readonly Permission[] = [
  { action: 'autoscaling:TerminateInstanceInAutoScalingGroup', on: 'group', tagged: 'resource' },
]
