import { strategyNamed } from '#strategies/index'
import type { Config } from '../config.ts'
import { changesOf } from '../converge/changes.ts'
import { CHANGING, OBSERVING } from '../converge/permissions.ts'
import type { Permission } from '../permission.ts'
import type { ServiceSnapshot, StrategySpec } from '../strategy.ts'

/** What deploying by a strategy takes: looking, and every kind of change that its plans make. */
export function deploying(config: Config, strategy: StrategySpec = config.strategy): readonly Permission[] {
  const before = typicalService(config)
  const plan = strategyNamed(strategy.name).draw(strategy.options)(before, { version: 'next' })
  const changing = [...changesOf(plan, before)].flatMap((kind) => CHANGING[kind])
  return [...OBSERVING, ...changing.filter(({ action }) => makesVersions(config) || !VERSIONS.test(action))]
}

const VERSIONS = /^ec2:(Create|Delete)LaunchTemplateVersions?$/

/** Releases that name a launch template version that exists need none to be made or deleted. */
const makesVersions = ({ releases, baseline }: Config): boolean =>
  Object.entries(releases).some(
    ([name, { launchTemplateVersion }]) => name !== baseline && launchTemplateVersion === undefined,
  )

/** What strategies draw for: the kinds of changes that they make do not depend on how large a service is. */
function typicalService({ service }: Config): ServiceSnapshot {
  const { name, region, entry } = service
  const scope = `${name}@${region}`
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
    fleets: [
      {
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
      },
    ],
    shares: { [name]: 100 },
  }
}
