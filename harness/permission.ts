/** What IAM can tie an action to; `any` where an action takes no resource, as most that describe do. */
type ResourceKind =
  | 'any'
  | 'load-balancer'
  | 'listener'
  | 'listener-rule'
  | 'target-group'
  | 'group'
  | 'launch-template'
  | 'hosted-zone'
  | 'dns-change'
  | 'instance'
  | 'role'
  | 'bucket'
  | 'objects'

/**
 * One action that Sluice needs to be allowed. Declared beside the code that makes the call; resources and conditions as
 * the Service Authorization Reference has them (November 2026).
 */
export interface Permission {
  /** E.g. `elasticloadbalancing:ModifyListener`: the SDK's command, with the prefix that IAM knows its service by. */
  readonly action: string
  readonly on?: ResourceKind
  /** Only on what carries the tag of the service, or is given it by the very request. */
  readonly tagged?: 'resource' | 'request'
  /** Any other condition, by operator and key. */
  readonly condition?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Not a call of Sluice's own: AWS asks for it when this action is called. */
  readonly because?: string
}
