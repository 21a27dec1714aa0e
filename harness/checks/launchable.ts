import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling'
import {
  DescribeInstanceTypeOfferingsCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  type ResponseLaunchTemplateData,
} from '@aws-sdk/client-ec2'
import type { Cloud, RegionClients } from '../cloud.ts'
import { abortable } from '../converge/abortable.ts'
import type { GroupFleet, ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { groupsOf, templateVersion } from './describe.ts'
import { type Findings, list, looking, wrong } from './finding.ts'

export interface LaunchOptions extends FleetOptions {
  /** The launch template of what is to be launched; the fleet's own when not given. */
  readonly launchTemplate?: GroupFleet['launchTemplate'] | undefined
}

/**
 * What a launch template names is there where the group launches: its instance type is offered in every zone, its
 * security groups belong to the VPC of the group's subnets, its key pair exists. Auto Scaling finds out by failing.
 */
export async function launchable(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: LaunchOptions,
): Promise<Findings> {
  const { signal } = options
  const clients = cloud.region(service.region)
  const fleets = groupsIn(service, options)
  return looking({ subject: service.scope, expected: 'instances that can be launched', signal }, async () => {
    const groups = await groupsOf(cloud, service, fleets, signal)
    const found = fleets.map(async (fleet): Promise<Findings> => {
      const group = groups.get(fleet.autoScalingGroupName)
      const template = options.launchTemplate ?? fleet.launchTemplate
      if (!group || !template.id) return []
      const version = await templateVersion(cloud, service, template, signal)
      const subject = `${template.id} version ${template.version}`
      const ground = { clients, subject, group, data: version?.LaunchTemplateData ?? {}, signal }
      return (await Promise.all([offered(ground), groupsThere(ground), keyThere(ground)])).flat()
    })
    return (await Promise.all(found)).flat()
  })
}

interface Ground {
  readonly clients: RegionClients
  readonly subject: string
  readonly group: AutoScalingGroup
  readonly data: ResponseLaunchTemplateData
  readonly signal: AbortSignal | undefined
}

/** Where a group has instance types of its own, those of the template are not launched. */
async function offered({ clients, subject, group, data, signal }: Ground): Promise<Findings> {
  const overrides = group.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? []
  const type = data.InstanceType
  if (!type || overrides.length > 0) return []
  const { InstanceTypeOfferings: offers = [] } = await clients.ec2.send(
    new DescribeInstanceTypeOfferingsCommand({
      LocationType: 'availability-zone',
      Filters: [{ Name: 'instance-type', Values: [type] }],
    }),
    abortable(signal),
  )
  const there = new Set(offers.map(({ Location }) => Location))
  const missing = (group.AvailabilityZones ?? []).filter((zone) => !there.has(zone))
  if (missing.length === 0) return []
  const expected = `instance type ${type} offered in ${list(group.AvailabilityZones ?? [])}`
  const hint = 'take another instance type, or take these zones from the group'
  return [wrong({ subject, expected, seen: `none in ${list(missing)}`, hint })]
}

async function groupsThere({ clients, subject, group, data, signal }: Ground): Promise<Findings> {
  const ids = [
    ...(data.SecurityGroupIds ?? []),
    ...(data.NetworkInterfaces?.flatMap((each) => each.Groups ?? []) ?? []),
  ]
  const subnetIds = group.VPCZoneIdentifier?.split(',').map((id) => id.trim()) ?? []
  if (ids.length === 0) return []
  return looking({ subject, expected: `security groups ${list(ids)}`, signal }, async () => {
    const [{ SecurityGroups: known = [] }, { Subnets: subnets = [] }] = await Promise.all([
      clients.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: ids }), abortable(signal)),
      subnetIds.filter(Boolean).length === 0
        ? { Subnets: [] }
        : clients.ec2.send(new DescribeSubnetsCommand({ SubnetIds: subnetIds }), abortable(signal)),
    ])
    const vpc = subnets[0]?.VpcId
    const foreign = known.filter(({ VpcId }) => vpc !== undefined && VpcId !== vpc)
    return foreign.map(({ GroupId: id, VpcId: own }) =>
      wrong({
        subject,
        expected: `security groups of ${vpc}, where its subnets are`,
        seen: `${id} of ${own ?? 'no VPC'}`,
        hint: 'name security groups of that VPC in the launch template',
      }),
    )
  })
}

async function keyThere({ clients, subject, data, signal }: Ground): Promise<Findings> {
  const { KeyName: name } = data
  if (!name) return []
  return looking({ subject, expected: `key pair ${name}`, signal }, async () => {
    await clients.ec2.send(new DescribeKeyPairsCommand({ KeyNames: [name] }), abortable(signal))
    return []
  })
}
