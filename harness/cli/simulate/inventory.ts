import type { World } from '#fixtures/clouds/embedded/world/world'

/** What stands in a cloud, by name and without what differs from one look to the next. */
export type Inventory = Readonly<Record<string, string>>

/**
 * Groups, instances, load balancers, target groups, listeners' rules and launch templates of every region, and what names
 * lead to.
 */
export function takeInventory(world: World): Inventory {
  const things: Record<string, string> = {}
  const put = (what: string, how: unknown): void => {
    things[what] = JSON.stringify(how)
  }
  for (const { name, autoScaling, ec2, elbv2 } of world.regions()) {
    for (const group of autoScaling.groups.values()) {
      const { minSize, maxSize, desiredCapacity, suspendedProcesses, targetGroupArns } = group
      const members = [...autoScaling.instances.values()].filter((row) => row.groupName === group.name)
      put(`${name} group ${group.name}`, {
        sizes: [minSize, desiredCapacity, maxSize],
        instances: members.map((row) => row.lifecycleState).sort(),
        suspended: Object.keys(suspendedProcesses).sort(),
        targetGroupArns,
      })
    }
    const lasting = [...ec2.instances.values()].filter((row) => row.state !== 'terminated')
    put(`${name} instances`, lasting.length)
    for (const { arn } of elbv2.loadBalancers.values()) put(`${name} ${arn}`, 'there')
    for (const { arn } of elbv2.targetGroups.values()) {
      put(`${name} ${arn}`, [...elbv2.targetsByGroup(arn)].map(({ state }) => state).sort())
    }
    for (const { arn, priority, conditions, actions } of elbv2.rules.values()) {
      put(`${name} ${arn}`, { priority, conditions, actions })
    }
    for (const { launchTemplateName, versions } of ec2.launchTemplates.values()) {
      put(`${name} launch template ${launchTemplateName}`, versions.length)
    }
  }
  for (const [key, { record }] of world.route53.recordSets.entries()) {
    // A record's values have no order.
    const values = record.ResourceRecords?.map(({ Value }) => Value).sort()
    put(`record ${key}`, { ...record, ResourceRecords: values })
  }
  for (const { id } of world.route53.healthChecks.values()) put(`health check ${id}`, 'there')
  return things
}

/** What is not as it was, a line each. */
export function differences(before: Inventory, after: Inventory): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.flatMap((name) => {
    const [was, is] = [before[name], after[name]]
    if (was === is) return []
    if (is === undefined) return `${name} is gone`
    return was === undefined ? `${name} is left over: ${is}` : `${name} was ${was} and is ${is}`
  })
}
