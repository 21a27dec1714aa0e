import { TAG } from './converge/tags.ts'
import type { Permission } from './permission.ts'

/** What a policy is for. */
export interface PolicyScope {
  /** Ids; `*` where the account is not known. */
  readonly accounts: readonly string[]
  readonly region: string
  readonly service: string
  /** Of the listener that users reach; any where they are led by DNS. */
  readonly loadBalancer: string
  /** Buckets of the state, and what the keys in them begin with. */
  readonly buckets: readonly string[]
  readonly prefix: string
}

interface Statement {
  readonly Sid: string
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** An IAM policy document. */
export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

/**
 * The policy that allows these actions on each of the services and nothing else: one statement for what is alike in
 * resource and condition.
 */
export function policyFor(
  permissions: readonly Permission[],
  ...scopes: readonly PolicyScope[]
): PolicyDocument {
  const groups = new Map<
    string,
    { resource: string[]; condition: Statement['Condition']; actions: Set<string> }
  >()
  for (const [scope, permission] of scopes.flatMap((each) =>
    permissions.map((one) => [each, one] as const),
  )) {
    const resource = resourcesOf(permission.on ?? 'any', scope)
    const condition = conditionOf(permission, scope)
    const key = JSON.stringify([resource, condition])
    const group = groups.get(key) ?? { resource, condition, actions: new Set() }
    groups.set(key, group)
    group.actions.add(permission.action)
  }
  const sids = new Map<string, number>()
  const statements = [...groups.values()].map(({ resource, condition, actions }) => {
    const sorted = [...actions].sort()
    const sid = sidOf(sorted)
    const before = sids.get(sid) ?? 0
    sids.set(sid, before + 1)
    return {
      Sid: before === 0 ? sid : `${sid}Again${before}`,
      Effect: 'Allow',
      Action: sorted,
      Resource: resource,
      ...(condition === undefined ? {} : { Condition: condition }),
    } as const
  })
  return { Version: '2012-10-17', Statement: statements }
}

/** Letters and digits only, and of one policy no two alike: the first action says which it is, or else the count. */
const sidOf = ([first = '', ...more]: readonly string[]): string =>
  `${first.replace(/^./, (letter) => letter.toUpperCase()).replace(/[^A-Za-z0-9]/g, '')}${more.length > 0 ? `And${more.length}` : ''}`

function resourcesOf(kind: NonNullable<Permission['on']>, scope: PolicyScope): string[] {
  if (kind === 'any') return ['*']
  const { accounts, region, loadBalancer } = scope
  const partition = partitionOf(region)
  const arn = (service: string, at: string, rest: string): string[] =>
    accounts.map((account) => `arn:${partition}:${service}:${at}:${account}:${rest}`)
  switch (kind) {
    case 'load-balancer':
      return arn('elasticloadbalancing', region, `loadbalancer/app/${loadBalancer}/*`)
    case 'listener':
      return arn('elasticloadbalancing', region, `listener/app/${loadBalancer}/*/*`)
    case 'listener-rule':
      return arn('elasticloadbalancing', region, `listener-rule/app/${loadBalancer}/*/*/*`)
    case 'target-group':
      return arn('elasticloadbalancing', region, 'targetgroup/*/*')
    case 'group':
      return arn('autoscaling', region, 'autoScalingGroup:*:autoScalingGroupName/*')
    case 'hosted-zone':
      return [`arn:${partition}:route53:::hostedzone/*`]
    case 'dns-change':
      return [`arn:${partition}:route53:::change/*`]
    case 'instance':
      return arn('ec2', region, 'instance/*')
    case 'launch-template':
      return arn('ec2', region, 'launch-template/*')
    case 'bucket':
      return scope.buckets.map((name) => `arn:${partition}:s3:::${name}`)
    case 'objects':
      return scope.buckets.map((name) => `arn:${partition}:s3:::${name}/${scope.prefix}*`)
    case 'role':
      return arn('iam', '', 'role/*')
  }
}

function conditionOf(permission: Permission, { region, service }: PolicyScope): Statement['Condition'] {
  const { on = 'any', tagged, condition = {}, action } = permission
  const equal: Record<string, string> = { ...condition['StringEquals'] }
  if (tagged === 'resource') equal[`aws:ResourceTag/${TAG.service}`] = service
  if (tagged === 'request') equal[`aws:RequestTag/${TAG.service}`] = service
  // Route 53 and IAM have no region.
  if (on === 'any' && !action.startsWith('route53:')) equal['aws:RequestedRegion'] = region
  const whole = Object.keys(equal).length === 0 ? condition : { ...condition, StringEquals: equal }
  return Object.keys(whole).length === 0 ? undefined : whole
}

/** AWS General Reference, Amazon Resource Names. */
function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}
