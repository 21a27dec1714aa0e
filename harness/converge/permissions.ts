import type { Permission } from '../permission.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import type { Action } from './action.ts'

/** What looking at the service takes, before, while and after it is changed. */
export const OBSERVING: readonly Permission[] = [
  { action: 'autoscaling:DescribeAutoScalingGroups' },
  // Of targets that belong to no instance of the group: whether what they were has ended.
  { action: 'ec2:DescribeInstances' },
  { action: 'ec2:DescribeLaunchTemplateVersions' },
  { action: 'elasticloadbalancing:DescribeListeners' },
  { action: 'elasticloadbalancing:DescribeLoadBalancers' },
  { action: 'elasticloadbalancing:DescribeRules' },
  { action: 'elasticloadbalancing:DescribeTags' },
  { action: 'elasticloadbalancing:DescribeTargetGroupAttributes' },
  { action: 'elasticloadbalancing:DescribeTargetGroups' },
  { action: 'elasticloadbalancing:DescribeTargetHealth' },
]

/** EC2 Auto Scaling User Guide, Control Amazon EC2 launch template usage in Auto Scaling groups. */
function launchingFor(caller: string | undefined): readonly Permission[] {
  const because = caller ?? 'ec2:RunInstances'
  return [
    {
      action: 'ec2:RunInstances',
      condition: { ArnLike: { 'ec2:LaunchTemplate': 'arn:*:ec2:*:*:launch-template/*' } },
      ...(caller === undefined ? {} : { because }),
    },
    {
      action: 'ec2:CreateTags',
      condition: { StringEquals: { 'ec2:CreateAction': 'RunInstances' } },
      because,
    },
    {
      action: 'iam:PassRole',
      on: 'role',
      condition: { StringLike: { 'iam:PassedToService': 'ec2.amazonaws.com*' } },
      because,
    },
  ]
}

/** What looking at a service takes whose users are led to it by DNS. */
export const OBSERVING_DNS: readonly Permission[] = [
  { action: 'route53:ListHostedZonesByName' },
  { action: 'route53:ListResourceRecordSets', on: 'hosted-zone' },
]

/** What looking takes besides where fleets share one target group. */
export const OBSERVING_REGISTRATION: readonly Permission[] = [
  { action: 'autoscaling:DescribeLoadBalancerTargetGroups' },
  { action: 'ec2:DescribeInstances' },
  { action: 'ec2:DescribeInstanceStatus' },
]

/** What looking takes where its fleets are plain instances. */
export const OBSERVING_INSTANCES: readonly Permission[] = [
  { action: 'ec2:DescribeInstances' },
  { action: 'ec2:DescribeInstanceStatus' },
  { action: 'ec2:DescribeLaunchTemplates' },
  { action: 'ec2:DescribeTags' },
  { action: 'ec2:DescribeLaunchTemplateVersions' },
]

const OF_TARGET_GROUPS = /^elasticloadbalancing:/

/** What each kind of change takes, beside looking. */
export const CHANGING: Readonly<Record<Action['kind'], readonly Permission[]>> = {
  refresh: [
    { action: 'ec2:CreateLaunchTemplateVersion', on: 'launch-template' },
    { action: 'autoscaling:DescribeInstanceRefreshes' },
    { action: 'autoscaling:StartInstanceRefresh', on: 'group', tagged: 'resource' },
    { action: 'autoscaling:CancelInstanceRefresh', on: 'group', tagged: 'resource' },
    ...launchingFor('autoscaling:StartInstanceRefresh'),
  ],
  'roll-back': [
    { action: 'autoscaling:DescribeInstanceRefreshes' },
    { action: 'autoscaling:RollbackInstanceRefresh', on: 'group', tagged: 'resource' },
    { action: 'autoscaling:CancelInstanceRefresh', on: 'group', tagged: 'resource' },
  ],
  'remove-versions': [{ action: 'ec2:DeleteLaunchTemplateVersions', on: 'launch-template' }],
  'set-template': [
    { action: 'ec2:CreateLaunchTemplateVersion', on: 'launch-template' },
    { action: 'autoscaling:UpdateAutoScalingGroup', on: 'group', tagged: 'resource' },
    ...launchingFor('autoscaling:UpdateAutoScalingGroup'),
  ],
  'set-marks': [
    { action: 'autoscaling:CreateOrUpdateTags', on: 'group', tagged: 'resource' },
    { action: 'autoscaling:DeleteTags', on: 'group', tagged: 'resource' },
  ],
  'set-release': [{ action: 'autoscaling:CreateOrUpdateTags', on: 'group', tagged: 'resource' }],
  'set-former': [
    { action: 'autoscaling:CreateOrUpdateTags', on: 'group', tagged: 'resource' },
    { action: 'autoscaling:DeleteTags', on: 'group', tagged: 'resource' },
  ],
  'set-kept': [
    { action: 'autoscaling:CreateOrUpdateTags', on: 'group', tagged: 'resource' },
    { action: 'autoscaling:DeleteTags', on: 'group', tagged: 'resource' },
  ],
  'create-fleet': [
    { action: 'elasticloadbalancing:CreateTargetGroup', on: 'target-group', tagged: 'request' },
    {
      action: 'elasticloadbalancing:AddTags',
      on: 'target-group',
      condition: { StringEquals: { 'elasticloadbalancing:CreateAction': 'CreateTargetGroup' } },
      because: 'elasticloadbalancing:CreateTargetGroup',
    },
    { action: 'elasticloadbalancing:ModifyTargetGroupAttributes', on: 'target-group', tagged: 'resource' },
    { action: 'ec2:CreateLaunchTemplateVersion', on: 'launch-template' },
    { action: 'autoscaling:CreateAutoScalingGroup', on: 'group', tagged: 'request' },
    ...launchingFor('autoscaling:CreateAutoScalingGroup'),
  ],
  'set-capacity': [{ action: 'autoscaling:UpdateAutoScalingGroup', on: 'group', tagged: 'resource' }],
  'set-processes': [
    { action: 'autoscaling:ResumeProcesses', on: 'group', tagged: 'resource' },
    { action: 'autoscaling:SuspendProcesses', on: 'group', tagged: 'resource' },
  ],
  'await-healthy': [],
  'set-weights': [{ action: 'elasticloadbalancing:ModifyListener', on: 'listener' }],
  'set-records': [
    { action: 'route53:ChangeResourceRecordSets', on: 'hosted-zone' },
    { action: 'route53:GetChange', on: 'dns-change' },
    { action: 'route53:ListResourceRecordSets', on: 'hosted-zone' },
  ],
  'set-attached': [],
  'await-deregistered': [],
  'await-unasked': [{ action: 'cloudwatch:GetMetricStatistics' }],
  'add-route': [
    { action: 'elasticloadbalancing:CreateRule', on: 'listener', tagged: 'request' },
    {
      action: 'elasticloadbalancing:AddTags',
      on: 'listener-rule',
      condition: { StringEquals: { 'elasticloadbalancing:CreateAction': 'CreateRule' } },
      because: 'elasticloadbalancing:CreateRule',
    },
  ],
  'remove-route': [{ action: 'elasticloadbalancing:DeleteRule', on: 'listener-rule', tagged: 'resource' }],
  'add-test-listener': [
    { action: 'elasticloadbalancing:CreateListener', on: 'load-balancer', tagged: 'request' },
    {
      action: 'elasticloadbalancing:AddTags',
      on: 'listener',
      condition: { StringEquals: { 'elasticloadbalancing:CreateAction': 'CreateListener' } },
      because: 'elasticloadbalancing:CreateListener',
    },
  ],
  'remove-test-listener': [
    { action: 'elasticloadbalancing:DeleteListener', on: 'listener', tagged: 'resource' },
  ],
  'await-empty': [],
  'await-drained': [],
  'set-roles': [
    { action: 'autoscaling:CreateOrUpdateTags', on: 'group', tagged: 'resource' },
    { action: 'autoscaling:DeleteTags', on: 'group', tagged: 'resource' },
  ],
  'remove-fleet': [
    { action: 'autoscaling:DeleteAutoScalingGroup', on: 'group', tagged: 'resource' },
    { action: 'elasticloadbalancing:DeleteTargetGroup', on: 'target-group', tagged: 'resource' },
    { action: 'ec2:DeleteLaunchTemplateVersions', on: 'launch-template' },
  ],
  'clear-remains': [
    { action: 'elasticloadbalancing:DeleteTargetGroup', on: 'target-group', tagged: 'resource' },
    { action: 'ec2:DeleteLaunchTemplateVersions', on: 'launch-template' },
  ],
}

/** What it takes where each fleet has a load balancer of its own. */
export const WITH_BALANCERS: Partial<Record<Action['kind'], readonly Permission[]>> = {
  'create-fleet': [
    { action: 'elasticloadbalancing:CreateLoadBalancer', on: 'load-balancer', tagged: 'request' },
    { action: 'elasticloadbalancing:CreateListener', on: 'load-balancer', tagged: 'request' },
    { action: 'elasticloadbalancing:ModifyLoadBalancerAttributes', on: 'load-balancer', tagged: 'resource' },
    { action: 'elasticloadbalancing:AddListenerCertificates', on: 'listener', tagged: 'resource' },
    { action: 'elasticloadbalancing:DescribeListenerCertificates' },
    { action: 'elasticloadbalancing:DescribeLoadBalancerAttributes' },
    { action: 'elasticloadbalancing:DescribeRules' },
    {
      action: 'elasticloadbalancing:AddTags',
      on: 'load-balancer',
      condition: { StringEquals: { 'elasticloadbalancing:CreateAction': 'CreateLoadBalancer' } },
      because: 'elasticloadbalancing:CreateLoadBalancer',
    },
    {
      action: 'elasticloadbalancing:AddTags',
      on: 'listener',
      condition: { StringEquals: { 'elasticloadbalancing:CreateAction': 'CreateListener' } },
      because: 'elasticloadbalancing:CreateListener',
    },
  ],
  'remove-fleet': [
    { action: 'elasticloadbalancing:DeleteLoadBalancer', on: 'load-balancer', tagged: 'resource' },
  ],
}

/** What it takes where fleets share one target group, which is the user's and stays. */
export const BY_REGISTRATION: Partial<Record<Action['kind'], readonly Permission[]>> = {
  'set-attached': [
    { action: 'autoscaling:AttachLoadBalancerTargetGroups', on: 'group', tagged: 'resource' },
    { action: 'autoscaling:DetachLoadBalancerTargetGroups', on: 'group', tagged: 'resource' },
  ],
  'create-fleet': CHANGING['create-fleet'].filter(({ action }) => !OF_TARGET_GROUPS.test(action)),
  'remove-fleet': CHANGING['remove-fleet'].filter(({ action }) => !OF_TARGET_GROUPS.test(action)),
  'clear-remains': CHANGING['clear-remains'].filter(({ action }) => !OF_TARGET_GROUPS.test(action)),
}

/** What it takes where fleets are plain instances. */
export const OF_INSTANCES: Partial<Record<Action['kind'], readonly Permission[]>> = {
  'create-fleet': [
    { action: 'ec2:CreateLaunchTemplateVersion', on: 'launch-template' },
    { action: 'ec2:CreateTags', on: 'launch-template' },
  ],
  'set-capacity': [
    ...launchingFor(undefined),
    { action: 'ec2:TerminateInstances', on: 'instance', tagged: 'resource' },
  ],
  'set-records': CHANGING['set-records'],
  'await-unasked': [],
  'set-roles': [
    { action: 'ec2:CreateTags', on: 'launch-template' },
    { action: 'ec2:DeleteTags', on: 'launch-template' },
  ],
  'set-former': [{ action: 'ec2:CreateTags', on: 'launch-template' }],
  'remove-fleet': [
    { action: 'ec2:DeleteLaunchTemplateVersions', on: 'launch-template' },
    { action: 'ec2:DeleteTags', on: 'launch-template' },
  ],
  'clear-remains': [{ action: 'ec2:DeleteLaunchTemplateVersions', on: 'launch-template' }],
}

/** What a kind of change of a service takes, beside looking. */
export function permissionsOf(
  kind: Action['kind'],
  { entry, fleets }: ServiceSnapshot,
): readonly Permission[] {
  if (fleets[0]?.kind === 'instances') return OF_INSTANCES[kind] ?? []
  if (entry.via === 'registration' && BY_REGISTRATION[kind]) return BY_REGISTRATION[kind]
  return [...CHANGING[kind], ...((entry.via === 'dns' && WITH_BALANCERS[kind]) || [])]
}
