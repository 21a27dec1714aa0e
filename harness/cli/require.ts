import { entriesOf, strategyNamed, strategyNames } from '#strategies/index'
import { CHECKING, WATCHING } from '../checks/permissions.ts'
import type { Cloud } from '../cloud.ts'
import type { Config } from '../config.ts'
import { isDns, viaOf } from '../entry.ts'
import { SluiceError } from '../errors.ts'
import type { Permission } from '../permission.ts'
import type { StrategySpec } from '../strategy.ts'
import { deploying, deployingBy, makesVersions } from './needs.ts'
import { notBuilt } from './operations.ts'

/**
 * Finds what a cloud lacks of what a deployment needs, before anything of it is touched. AWS and the embedded cloud have
 * it all. Throws `unsupported`, with what is missing, the strategies that would work there, and what to do.
 */
export async function requireSupport(cloud: Cloud, config: Config, signal: AbortSignal): Promise<void> {
  const { kind, endpoint } = cloud.address
  if (kind === 'live' || kind === 'embedded') return
  const missing = await notBuilt(cloud, config.service.region, signal)
  const traffic = cloud.supports('data-plane')
  const lacks = (needed: readonly Permission[]): string[] => [
    ...(traffic.ok || config.gates.notRun === 'allow' ? [] : [`data-plane: ${traffic.because}`]),
    ...alsoRead(needed, config).flatMap((action) => {
      const because = missing.get(action)
      return because === undefined ? [] : [`${action}: ${because}`]
    }),
  ]
  const found = lacks(deploying(config))
  if (found.length === 0) return
  const via = viaOf(config.service.entry)
  const fitting = strategyNames.filter((name) => entriesOf(strategyNamed(name)).includes(via))
  const working = (made?: boolean): string =>
    fitting.filter((name) => lacks(deployingBy(config, defaultOf(name), made)).length === 0).join(', ')
  const others = working()
  const named = makesVersions(config) ? working(false) : others
  const without =
    config.gates.notRun === 'allow'
      ? ''
      : "; or set gates.notRun to 'allow': what cannot be seen there then keeps no gate shut"
  throw new SluiceError(
    'unsupported',
    [
      `${endpoint ?? kind} lacks what a deployment by ${config.strategy.name} needs; nothing was touched`,
      ...found,
      `strategies that would work there: ${others || 'none'}`,
      ...(named === others ? [] : [`with releases that name their launchTemplateVersion: ${named}`]),
    ].join('\n  '),
    { hint: `prove the deployment on embedded(), which has all of it${without}` },
  )
}

/** Suites that cannot see what they judge are inconclusive, so what they read is needed too, unless they need not run. */
function alsoRead(needed: readonly Permission[], config: Config): string[] {
  const read = [...CHECKING, ...(config.gates.alarms?.length ? WATCHING : [])]
  // Of plain instances there is nothing behind a load balancer or in a group that suites would look at.
  const looked = read.filter(({ action }) => !ofInstances(config) || !OF_GROUPS.test(action))
  const suites = config.gates.notRun === 'allow' ? [] : looked.map(({ action }) => action)
  return [...new Set([...needed.map(({ action }) => action), ...suites])]
}

const OF_GROUPS = /^(autoscaling|elasticloadbalancing):/

const ofInstances = ({ service: { entry } }: Config): boolean => isDns(entry) && entry.dns.to === 'instances'

function defaultOf(name: string): StrategySpec {
  const options = strategyNamed(name).options.safeParse({})
  return { name, options: options.success ? (options.data as StrategySpec['options']) : {} }
}
