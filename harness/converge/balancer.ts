import {
  AddListenerCertificatesCommand,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  DeleteLoadBalancerCommand,
  DescribeListenerCertificatesCommand,
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DuplicateListenerException,
  DuplicateLoadBalancerNameException,
  type Listener,
  type LoadBalancer,
  LoadBalancerNotFoundException,
  ModifyLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { SluiceError } from '../errors.ts'
import type { FleetBalancer, FleetName, GroupFleet } from '../strategy.ts'
import type { ActionContext } from './context.ts'
import { marksOf } from './fleet.ts'
import { forwardOf } from './forward.ts'
import { TAG } from './tags.ts'

/** What is behind the copy. */
interface Behind {
  readonly name: FleetName
  readonly targetGroupArn: string
}

/** Of the copy these are its own: it must be possible to delete it. */
const OWN_ATTRIBUTES: ReadonlySet<string> = new Set(['deletion_protection.enabled'])

/**
 * Creates a fleet's own load balancer as a copy of the stable fleet's: its subnets and security groups, attributes and
 * listeners, what forwards to the stable fleet forwarding to this one. Adopts what an earlier attempt left of it.
 */
export async function copyBalancer(
  context: ActionContext,
  model: FleetBalancer,
  behind: Behind,
): Promise<void> {
  const { elbv2 } = context.clients
  const options = { abortSignal: context.signal }
  const ResourceArns = [model.loadBalancerArn]
  const [{ LoadBalancers: [source] = [] }, attributes, tags, { Listeners: listeners = [] }] =
    await Promise.all([
      elbv2.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: ResourceArns }), options),
      elbv2.send(
        new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: model.loadBalancerArn }),
        options,
      ),
      elbv2.send(new DescribeTagsCommand({ ResourceArns }), options),
      elbv2.send(new DescribeListenersCommand({ LoadBalancerArn: model.loadBalancerArn }), options),
    ])
  if (!source) throw new SluiceError('cloud', `load balancer ${model.loadBalancerArn} is gone`)
  const copied = (tags.TagDescriptions?.[0]?.Tags ?? []).filter(
    (tag) => !/^(sluice|aws):/.test(tag.Key ?? ''),
  )
  const marks = Object.entries(marksOf(context)).map(([Key, Value]) => ({ Key, Value }))
  const arn = await createOrFind(context, source, behind.name, [...copied, ...marks])
  const wanted = (attributes.Attributes ?? []).filter(
    ({ Key = '', Value }) => Value !== undefined && Value !== '' && !OWN_ATTRIBUTES.has(Key),
  )
  if (wanted.length > 0) {
    await elbv2.send(
      new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: arn, Attributes: wanted }),
      options,
    )
  }
  for (const listener of listeners) await refuseRules(context, listener)
  for (const listener of listeners) await copyListener(context, listener, { arn, behind })
}

/** Rules may lead anywhere: which of them the copy shall have is not for Sluice to guess. */
async function refuseRules(context: ActionContext, { ListenerArn, Port }: Listener): Promise<void> {
  const { Rules: rules = [] } = await context.clients.elbv2.send(new DescribeRulesCommand({ ListenerArn }), {
    abortSignal: context.signal,
  })
  if (rules.every(({ IsDefault }) => IsDefault)) return
  throw new SluiceError(
    'precondition',
    `listener ${Port} has rules beside its default, which are not copied`,
    {
      hint: "make both load balancers yourself, and deploy with fleets: 'pair'",
    },
  )
}

async function createOrFind(
  context: ActionContext,
  source: LoadBalancer,
  name: string,
  tags: { Key: string | undefined; Value?: string | undefined }[],
): Promise<string> {
  const options = { abortSignal: context.signal }
  const { elbv2 } = context.clients
  try {
    const { LoadBalancers: [made] = [] } = await elbv2.send(
      new CreateLoadBalancerCommand({
        Name: name,
        Type: source.Type,
        Scheme: source.Scheme,
        IpAddressType: source.IpAddressType,
        Subnets: source.AvailabilityZones?.flatMap(({ SubnetId }) => SubnetId ?? []),
        ...(source.SecurityGroups?.length ? { SecurityGroups: source.SecurityGroups } : {}),
        Tags: tags.flatMap((tag) => (tag.Key ? [{ Key: tag.Key, Value: tag.Value ?? '' }] : [])),
      }),
      options,
    )
    if (made?.LoadBalancerArn) return made.LoadBalancerArn
  } catch (thrown) {
    if (!(thrown instanceof DuplicateLoadBalancerNameException)) throw thrown
    const found = await balancerNamed(context, name)
    if (found?.LoadBalancerArn) return found.LoadBalancerArn
  }
  throw new SluiceError('cloud', `load balancer ${name} was neither created nor found`)
}

async function balancerNamed(context: ActionContext, name: string): Promise<LoadBalancer | undefined> {
  try {
    const { LoadBalancers: [found] = [] } = await context.clients.elbv2.send(
      new DescribeLoadBalancersCommand({ Names: [name] }),
      { abortSignal: context.signal },
    )
    return found
  } catch (thrown) {
    if (thrown instanceof LoadBalancerNotFoundException) return undefined
    throw thrown
  }
}

async function copyListener(
  context: ActionContext,
  listener: Listener,
  { arn, behind }: { readonly arn: string; readonly behind: Behind },
): Promise<void> {
  const { elbv2 } = context.clients
  const options = { abortSignal: context.signal }
  const forward = { Type: 'forward', TargetGroupArn: behind.targetGroupArn } as const
  try {
    const { Listeners: [made] = [] } = await elbv2.send(
      new CreateListenerCommand({
        LoadBalancerArn: arn,
        Port: listener.Port,
        Protocol: listener.Protocol,
        SslPolicy: listener.SslPolicy,
        Certificates: listener.Certificates?.map(({ CertificateArn }) => ({ CertificateArn })),
        AlpnPolicy: listener.AlpnPolicy,
        DefaultActions: forwardOf(listener) ? [forward] : listener.DefaultActions,
        Tags: Object.entries(marksOf(context)).map(([Key, Value]) => ({ Key, Value })),
      }),
      options,
    )
    if (!listener.Certificates?.length) return
    const { Certificates: all = [] } = await elbv2.send(
      new DescribeListenerCertificatesCommand({ ListenerArn: listener.ListenerArn }),
      options,
    )
    const more = all.flatMap(({ CertificateArn, IsDefault }) => (IsDefault ? [] : [{ CertificateArn }]))
    if (more.length > 0) {
      await elbv2.send(
        new AddListenerCertificatesCommand({ ListenerArn: made?.ListenerArn, Certificates: more }),
        options,
      )
    }
  } catch (thrown) {
    // A retry whose first call did arrive.
    if (!(thrown instanceof DuplicateListenerException)) throw thrown
  }
}

/** Whether a fleet's own load balancer takes traffic; a fleet without one has nothing to wait for. */
export async function isActive(context: ActionContext, { balancer }: GroupFleet): Promise<boolean> {
  if (!balancer) return true
  const { LoadBalancers: [found] = [] } = await context.clients.elbv2.send(
    new DescribeLoadBalancersCommand({ LoadBalancerArns: [balancer.loadBalancerArn] }),
    { abortSignal: context.signal },
  )
  return found?.State?.Code === 'active'
}

/** Its listeners end with it. */
export async function removeBalancer(context: ActionContext, arn: string): Promise<void> {
  await context.clients.elbv2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }), {
    abortSignal: context.signal,
  })
}

/** Removes the load balancer that this deployment created for a fleet whose group is not there. */
export async function clearBalancer(context: ActionContext, name: FleetName): Promise<void> {
  const arn = (await balancerNamed(context, name))?.LoadBalancerArn
  if (arn === undefined) return
  const { TagDescriptions: [found] = [] } = await context.clients.elbv2.send(
    new DescribeTagsCommand({ ResourceArns: [arn] }),
    { abortSignal: context.signal },
  )
  const own = found?.Tags?.some(({ Key, Value }) => Key === TAG.createdBy && Value === context.deployment)
  if (own) await removeBalancer(context, arn)
}
