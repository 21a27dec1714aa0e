import { strategyNamed } from '#strategies/index'
import type { Config } from '../config.ts'
import { changesOf } from '../converge/changes.ts'
import {
  OBSERVING,
  OBSERVING_DNS,
  OBSERVING_INSTANCES,
  OBSERVING_REGISTRATION,
  permissionsOf,
} from '../converge/permissions.ts'
import { isDns } from '../entry.ts'
import type { ServiceRef } from '../gate.ts'
import type { Permission } from '../permission.ts'
import type { StrategySpec } from '../strategy.ts'
import { typicalService } from './typical-service.ts'

/** What a deployment of a config takes: looking, and every kind of change that the plans of its sites make. */
export const deploying = (config: Config): readonly Permission[] => [
  ...config.sites.flatMap(({ ref, strategy }) => [...observing(ref), ...changing(config, ref, strategy)]),
]

/** What deploying the (first) service by another strategy would take, of releases whose launch template versions are `made` or exist. */
export const deployingBy = (
  config: Config,
  strategy: StrategySpec,
  made = makesVersions(config),
): readonly Permission[] => [
  ...observing(config.service),
  ...changing(config, config.service, strategy, made),
]

function changing(
  config: Config,
  ref: ServiceRef,
  { name, options }: StrategySpec,
  made = makesVersions(config),
): readonly Permission[] {
  const before = typicalService(ref)
  const plan = strategyNamed(name).draw(options)(before, { version: 'next' })
  const kinds = [...changesOf(plan, before)]
  const changes = kinds.flatMap((kind) => permissionsOf(kind, before))
  return changes.filter(({ action }) => made || !VERSIONS.test(action))
}

const VERSIONS = /^ec2:(Create|Delete)LaunchTemplateVersions?$/

/** Releases that name a launch template version that exists need none to be made or deleted. */
export const makesVersions = ({ releases, baseline }: Config): boolean =>
  Object.entries(releases).some(
    ([name, { launchTemplateVersion }]) => name !== baseline && launchTemplateVersion === undefined,
  )

/** What looking at the service takes, by what it is made of. */
function observing({ entry }: ServiceRef): readonly Permission[] {
  if (!isDns(entry)) return entry.by ? [...OBSERVING, ...OBSERVING_REGISTRATION] : OBSERVING
  return entry.dns.to === 'instances'
    ? [...OBSERVING_DNS, ...OBSERVING_INSTANCES]
    : [...OBSERVING, ...OBSERVING_DNS]
}
