import {
  DescribeInstancesCommand,
  type DescribeInstancesCommandOutput,
  DescribeInstanceTypesCommand,
  type Instance,
} from '@aws-sdk/client-ec2'
import { GetServiceQuotaCommand, NoSuchResourceException } from '@aws-sdk/client-service-quotas'
import type { Cloud, RegionClients } from '../cloud.ts'
import { abortable } from '../converge/observe.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type FleetOptions, groupsIn } from './check.ts'
import { groupsOf, templateVersion } from './describe.ts'
import { count, type Finding, type Findings, looking, unknown, wrong } from './finding.ts'

/** "Amazon EC2 service quotas", EC2 User Guide, 2026: On-Demand instances count by vCPUs, and by families. */
const QUOTAS = [
  { code: 'L-1216C47A', families: /^[acdhimrtz]\d/ },
  { code: 'L-74FC7D96', families: /^f\d/ },
  { code: 'L-DB2E81BA', families: /^(g|vt)\d/ },
  { code: 'L-1945791B', families: /^inf\d/ },
  { code: 'L-417A185B', families: /^p\d/ },
  { code: 'L-7295265B', families: /^x\d/ },
] as const

/** The account may run as many vCPUs more as a second fleet takes: EC2 finds out by failing (VcpuLimitExceeded). */
export async function vcpuQuota(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: FleetOptions,
): Promise<Findings> {
  const { signal } = options
  const subject = `vCPU quota of ${service.region}`
  return looking({ subject, expected: 'vCPUs for a second fleet', signal }, async () => {
    const clients = cloud.region(service.region)
    const fleets = groupsIn(service, options)
    const groups = await groupsOf(cloud, service, fleets, signal)
    const found = fleets.map(async (fleet): Promise<Findings> => {
      const version = await templateVersion(cloud, service, fleet.launchTemplate, signal)
      const type = version?.LaunchTemplateData?.InstanceType
      const quota = QUOTAS.find(({ families }) => type !== undefined && families.test(type))
      // Types that a group chooses by itself, and families without a quota of their own, cannot be foretold.
      if (type === undefined || !quota) return []
      const [each, used, most] = await Promise.all([
        vcpusOf(clients, type, signal),
        vcpusInUse(clients, quota.families, signal),
        quotaOf(clients, quota.code, signal),
      ])
      if (most === 'unknown') return [lacksQuota(subject, quota.code)]
      const desired = groups.get(fleet.autoScalingGroupName)?.DesiredCapacity ?? 0
      const needed = desired * each
      if (most === undefined || used + needed <= most) return []
      const expected = `room for ${count(needed, 'vCPU')} more (${desired} × ${type})`
      const hint = `end some instances, or ask AWS for more of quota ${quota.code}`
      return [wrong({ subject, expected, seen: `${used} of ${most} in use`, hint })]
    })
    return (await Promise.all(found)).flat()
  })
}

async function vcpusOf(
  { ec2 }: RegionClients,
  type: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  // The SDK's type lists the names it knew when it was built; there are newer ones.
  const names = [type as 't3.micro']
  const { InstanceTypes: [found] = [] } = await ec2.send(
    new DescribeInstanceTypesCommand({ InstanceTypes: names }),
    abortable(signal),
  )
  return found?.VCpuInfo?.DefaultVCpus ?? 1
}

/** Spot instances have quotas of their own. */
async function vcpusInUse(
  { ec2 }: RegionClients,
  families: RegExp,
  signal: AbortSignal | undefined,
): Promise<number> {
  const Filters = [{ Name: 'instance-state-name', Values: ['pending', 'running'] }]
  let used = 0
  let page: DescribeInstancesCommandOutput | undefined
  do {
    page = await ec2.send(
      new DescribeInstancesCommand({ Filters, MaxResults: 1_000, NextToken: page?.NextToken }),
      abortable(signal),
    )
    const instances = page.Reservations?.flatMap((reservation) => reservation.Instances ?? []) ?? []
    for (const instance of instances) {
      if (families.test(instance.InstanceType ?? '') && instance.InstanceLifecycle !== 'spot')
        used += vcpusIn(instance)
    }
  } while (page.NextToken)
  return used
}

const vcpusIn = ({
  CpuOptions: { CoreCount: cores = 1, ThreadsPerCore: threads = 1 } = {},
}: Instance): number => cores * threads

/** Those above are AWS's own: a cloud that does not know one has not built it, which says nothing about the service. */
const lacksQuota = (subject: string, code: string): Finding => {
  const lacks = `this cloud has not built it: it knows no quota ${code} of ec2`
  const hint = 'look at the vCPUs yourself, and leave vcpu-quota out with that reason'
  return unknown({ subject, expected: 'a quota of vCPUs', seen: lacks, lacks, hint })
}

async function quotaOf(
  { serviceQuotas }: RegionClients,
  QuotaCode: string,
  signal: AbortSignal | undefined,
): Promise<number | 'unknown' | undefined> {
  try {
    const { Quota: quota } = await serviceQuotas.send(
      new GetServiceQuotaCommand({ ServiceCode: 'ec2', QuotaCode }),
      abortable(signal),
    )
    return quota?.Value
  } catch (thrown) {
    if (thrown instanceof NoSuchResourceException) return 'unknown'
    throw thrown
  }
}
