import type { Capability, CloudAddress, RegionClients } from '../cloud.ts'
import { whyNoAnswer, whyNotBuilt } from './explain.ts'

type Services = Exclude<Capability, 'data-plane' | 'dns' | 'faults'>

/** One question a service, which costs the least and changes nothing. */
const QUESTIONS: Readonly<
  Record<Services, (clients: RegionClients, options: { abortSignal: AbortSignal }) => Promise<unknown>>
> = {
  ec2: async ({ ec2 }, options) => {
    const { DescribeVpcsCommand } = await import('@aws-sdk/client-ec2')
    return ec2.send(new DescribeVpcsCommand({}), options)
  },
  elbv2: async ({ elbv2 }, options) => {
    const { DescribeLoadBalancersCommand } = await import('@aws-sdk/client-elastic-load-balancing-v2')
    return elbv2.send(new DescribeLoadBalancersCommand({}), options)
  },
  autoscaling: async ({ autoScaling }, options) => {
    const { DescribeAutoScalingGroupsCommand } = await import('@aws-sdk/client-auto-scaling')
    return autoScaling.send(new DescribeAutoScalingGroupsCommand({}), options)
  },
  route53: async ({ route53 }, options) => {
    const { ListHostedZonesCommand } = await import('@aws-sdk/client-route-53')
    return route53.send(new ListHostedZonesCommand({}), options)
  },
  s3: async ({ s3 }, options) => {
    const { ListBucketsCommand } = await import('@aws-sdk/client-s3')
    return s3.send(new ListBucketsCommand({}), options)
  },
  cloudwatch: async ({ cloudWatch }, options) => {
    const { DescribeAlarmsCommand } = await import('@aws-sdk/client-cloudwatch')
    return cloudWatch.send(new DescribeAlarmsCommand({ MaxRecords: 1 }), options)
  },
}

/** Services that a cloud has not built. One that refuses to answer, for whatever reason of its own, is there. */
export async function servicesLacking(
  clients: RegionClients,
  abortSignal: AbortSignal,
): Promise<CloudAddress['lacks']> {
  const lacks: Partial<Record<Capability, string>> = {}
  const look = async ([name, ask]: [string, (typeof QUESTIONS)[Services]]): Promise<void> => {
    try {
      await ask(clients, { abortSignal })
    } catch (thrown) {
      const why = whyNotBuilt(thrown) ?? whyNoAnswer(thrown)
      if (why !== undefined) lacks[name as Services] = `this cloud has not built it: ${why}`
    }
  }
  await Promise.all(Object.entries(QUESTIONS).map(look))
  return lacks
}
