import type { Permission } from '../permission.ts'
import type { Action } from './action.ts'

/** What looking at the service takes, before, while and after it is changed. */
export const OBSERVING: readonly Permission[] = [
  { action: 'autoscaling:DescribeAutoScalingGroups' },
  { action: 'ec2:DescribeLaunchTemplateVersions' },
  { action: 'elasticloadbalancing:DescribeListeners' },
  { action: 'elasticloadbalancing:DescribeLoadBalancers' },
  { action: 'elasticloadbalancing:DescribeTags' },
  { action: 'elasticloadbalancing:DescribeTargetGroupAttributes' },
  { action: 'elasticloadbalancing:DescribeTargetGroups' },
  { action: 'elasticloadbalancing:DescribeTargetHealth' },
]

const LAUNCHING = 'autoscaling:CreateAutoScalingGroup'

/** What each kind of change takes, beside looking. */
export const CHANGING: Readonly<Record<Action['kind'], readonly Permission[]>> = {
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
    // EC2 Auto Scaling User Guide, Control Amazon EC2 launch template usage in Auto Scaling groups.
    {
      action: 'ec2:RunInstances',
      condition: { ArnLike: { 'ec2:LaunchTemplate': 'arn:*:ec2:*:*:launch-template/*' } },
      because: LAUNCHING,
    },
    {
      action: 'ec2:CreateTags',
      condition: { StringEquals: { 'ec2:CreateAction': 'RunInstances' } },
      because: LAUNCHING,
    },
    {
      action: 'iam:PassRole',
      on: 'role',
      condition: { StringLike: { 'iam:PassedToService': 'ec2.amazonaws.com*' } },
      because: LAUNCHING,
    },
  ],
  'set-capacity': [{ action: 'autoscaling:UpdateAutoScalingGroup', on: 'group', tagged: 'resource' }],
  'set-processes': [
    { action: 'autoscaling:ResumeProcesses', on: 'group', tagged: 'resource' },
    { action: 'autoscaling:SuspendProcesses', on: 'group', tagged: 'resource' },
  ],
  'await-healthy': [],
  'set-weights': [{ action: 'elasticloadbalancing:ModifyListener', on: 'listener' }],
  'await-empty': [],
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
