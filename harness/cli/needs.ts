import { strategyNamed } from '#strategies/index'
import type { Config } from '../config.ts'
import { changesOf } from '../converge/changes.ts'
import { CHANGING, OBSERVING } from '../converge/permissions.ts'
import type { ServiceRef } from '../gate.ts'
import type { Permission } from '../permission.ts'
import type { FleetSnapshot, ServiceSnapshot, StrategySpec } from '../strategy.ts'

/** What a deployment of a config takes: looking, and every kind of change that the plans of its sites make. */
export const deploying = (config: Config): readonly Permission[] => [
  ...OBSERVING,
  ...config.sites.flatMap(({ ref, strategy }) => changing(config, ref, strategy)),
]

/** What deploying the (first) service by another strategy would take. */
export const deployingBy = (config: Config, strategy: StrategySpec): readonly Permission[] => [
  ...OBSERVING,
  ...changing(config, config.service, strategy),
]

function changing(config: Config, ref: ServiceRef, { name, options }: StrategySpec): readonly Permission[] {
  const before = typicalService(ref)
  const plan = strategyNamed(name).draw(options)(before, { version: 'next' })
  const changes = [...changesOf(plan, before)].flatMap((kind) => CHANGING[kind])
  return changes.filter(({ action }) => makesVersions(config) || !VERSIONS.test(action))
}

const VERSIONS = /^ec2:(Create|Delete)LaunchTemplateVersions?$/

/** Releases that name a launch template version that exists need none to be made or deleted. */
const makesVersions = ({ releases, baseline }: Config): boolean =>
  Object.entries(releases).some(
    ([name, { launchTemplateVersion }]) => name !== baseline && launchTemplateVersion === undefined,
  )

/** What strategies draw for: the kinds of changes that they make do not depend on how large a service is. */
function typicalService({ name, region, entry, fleets: ownership }: ServiceRef): ServiceSnapshot {
  const scope = `${name}@${region}`
  const pair = ownership === 'pair'
  const fleets = pair ? [stable(name), next(`${name}-next`)] : [stable(name)]
  return {
    scope,
    service: name,
    region,
    entry: {
      loadBalancerArn: 'arn',
      loadBalancerName: `app/${entry.loadBalancer}`,
      dnsName: entry.loadBalancer,
      listenerArn: 'arn',
      port: entry.listener,
      protocol: 'HTTP',
      stickiness: 0,
    },
    fleets,
    shares: { [name]: 100, ...(pair ? { [`${name}-next`]: 0 } : {}) },
    ...(pair ? { pair } : {}),
  }
}

const stable = (name: string): FleetSnapshot => ({
  name,
  role: 'stable',
  release: 'previous',
  autoScalingGroupName: name,
  targetGroupArn: 'arn',
  launchTemplate: { id: 'lt', version: '1' },
  minSize: 1,
  maxSize: 8,
  desiredCapacity: 4,
  inService: 4,
  healthy: 4,
  instances: 4,
  targets: 4,
  suspendedProcesses: [],
  deregistrationDelay: 300,
  owned: false,
})

const next = (name: string): FleetSnapshot => ({
  ...stable(name),
  role: 'parked',
  minSize: 0,
  desiredCapacity: 0,
  inService: 0,
  healthy: 0,
  instances: 0,
  targets: 0,
  marks: {},
})
