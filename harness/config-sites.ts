import type { ParsedConfig } from './config.ts'
import { type Diagnostic, describeIssue } from './config-problems.ts'
import { viaOf } from './entry.ts'
import { SluiceError } from './errors.ts'
import type { ServiceRef } from './gate.ts'
import type {
  CompositionDefinition,
  EntrySnapshot,
  Release,
  StrategyDefinition,
  StrategySpec,
} from './strategy.ts'

/** One service in one region, as the config has it. */
export interface SiteSpec {
  readonly ref: ServiceRef
  /** How its own plan is drawn. Complete. */
  readonly strategy: StrategySpec
  /** Services of the system that are deployed before it. */
  readonly after: readonly string[]
  /** What the embedded cloud starts with, and what is deployed: nothing where it stays as it is. */
  readonly baseline: Release
  readonly release?: Release
}

/** The registry, as far as configs name what is in it. */
export interface Strategies {
  /** Throws `usage` for an unknown name, listing those there are. */
  /** Throws it as well for one that does not fit a service reached in this way, listing those that do. */
  strategyNamed(name: string, via: EntrySnapshot['via']): StrategyDefinition
  compositionNamed(name: string): CompositionDefinition | undefined
}

interface Known {
  readonly strategies: Strategies
  /** The region of a service that names one, or none; what a flag or the environment says goes before. */
  readonly regionOf: (given: string | undefined) => string
  /** A region that a strategy names, whatever else says so. */
  readonly within: (named: string) => string
}

interface Placed {
  readonly name: string
  readonly service: ServiceRef
  readonly strategy: StrategySpec
  readonly sites: readonly [SiteSpec, ...SiteSpec[]]
}

/** Which services in which regions a config speaks of, each with its strategy; undefined where there is a problem. */
export function placeSites(config: ParsedConfig, known: Known, problems: Diagnostic[]): Placed | undefined {
  const { service, system } = config
  if (service && system) {
    problems.push({ path: 'system', message: 'expected either a service or a system of several, not both' })
    return undefined
  }
  const composition = known.strategies.compositionNamed(config.strategy.name)
  if (system) return placeSystem(config, system, composition, known, problems)
  if (service) return placeService(config, service, composition, known, problems)
  problems.push({
    path: 'service',
    message: 'is missing: the service that is deployed, or a system of several',
  })
  return undefined
}

/** One service: in its region, or by a composition in several. */
function placeService(
  config: ParsedConfig,
  { region, name, ...place }: NonNullable<ParsedConfig['service']>,
  composition: CompositionDefinition | undefined,
  { strategies, regionOf, within }: Known,
  problems: Diagnostic[],
): Placed | undefined {
  const at = (chosen: string): ServiceRef => ({ name, ...place, region: chosen })
  problems.push(...refusePair(place, 'service'))
  const release = releaseOf(config.releases[config.release])
  const baseline = releaseOf(config.releases[config.baseline])
  if (!composition) {
    const strategy = complete(config.strategy, viaOf(place.entry), 'strategy', strategies, problems)
    const ref = at(regionOf(region))
    return { name, service: ref, strategy, sites: [{ ref, strategy, after: [], baseline, release }] }
  }
  if (composition.over !== 'regions' || !composition.places) {
    const message = `${composition.name} deploys the services of a system: describe them in \`system\``
    problems.push({ path: 'strategy.name', message })
    return undefined
  }
  const options = optionsOf(composition, config.strategy, 'strategy', problems)
  if (options === undefined) return undefined
  const { regions, by } = composition.places(options)
  const strategy = complete(by, viaOf(place.entry), `${composition.name}.strategy`, strategies, problems)
  const sites = regions.map((each) => ({ ref: at(within(each)), strategy, after: [], baseline, release }))
  return placed(name, { name: composition.name, options: options as StrategySpec['options'] }, sites)
}

/** The services of a system, each with its own strategy and its own part of the release. */
function placeSystem(
  config: ParsedConfig,
  { name, services }: NonNullable<ParsedConfig['system']>,
  composition: CompositionDefinition | undefined,
  { strategies, regionOf }: Known,
  problems: Diagnostic[],
): Placed | undefined {
  if (composition?.over !== 'services') {
    problems.push({ path: 'strategy.name', message: 'expected a strategy that deploys a system: system' })
    return undefined
  }
  const options = optionsOf(composition, config.strategy, 'strategy', problems)
  const [wanted, first] = [config.releases[config.release], config.releases[config.baseline]]
  for (const key of ['release', 'baseline'] as const) {
    for (const each of Object.keys(config.releases[config[key]]?.services ?? {})) {
      if (services[each]) continue
      const message = `there is no service ${each}; services: ${Object.keys(services).join(', ')}`
      problems.push({ path: `releases.${config[key]}.services`, message })
    }
  }
  const sites = Object.entries(services).flatMap(([service, { strategy: spec, after, region, ...place }]) => {
    const path = `system.services.${service}`
    problems.push(...refusePair(place, path))
    for (const each of after.filter((other) => !services[other] || other === service))
      problems.push({ path: `${path}.after`, message: `names no other service of the system: ${each}` })
    const baseline = first?.services?.[service]
    if (!baseline) {
      const message = `says nothing of ${service}, which must start with something`
      problems.push({ path: `releases.${config.baseline}.services`, message })
      return []
    }
    const strategy = complete(spec, viaOf(place.entry), `${path}.strategy`, strategies, problems)
    const ref: ServiceRef = { name: service, ...place, region: regionOf(region) }
    const release = wanted?.services?.[service]
    const site = { ref, strategy, after, baseline: releaseOf(baseline) }
    return [release ? { ...site, release: releaseOf(release) } : site]
  })
  for (const circle of circlesIn(services)) {
    problems.push({ path: 'system.services', message: `must not wait for each other: ${circle.join(' → ')}` })
  }
  if (options === undefined) return undefined
  return placed(name, { name: composition.name, options: options as StrategySpec['options'] }, sites)
}

function placed(name: string, strategy: StrategySpec, sites: readonly SiteSpec[]): Placed | undefined {
  const [first, ...others] = sites
  return first && { name, strategy, service: first.ref, sites: [first, ...others] }
}

type Graph = Readonly<Record<string, { readonly after: readonly string[] }>>

/** Services that wait for themselves by way of others: a path of each, from one of them back to it. */
function circlesIn(services: Graph): string[][] {
  const done = new Set<string>()
  const circles: string[][] = []
  const walk = (name: string, path: readonly string[]): void => {
    const at = path.indexOf(name)
    if (at >= 0) return void circles.push([...path.slice(at), name])
    if (done.has(name)) return
    for (const other of services[name]?.after ?? []) if (other !== name) walk(other, [...path, name])
    done.add(name)
  }
  for (const name of Object.keys(services)) walk(name, [])
  return circles
}

/** By registration both of a pair would be in one target group. */
function refusePair({ entry, fleets }: Pick<ServiceRef, 'entry' | 'fleets'>, path: string): Diagnostic[] {
  if (fleets !== 'pair' || viaOf(entry) !== 'registration') return []
  const message = "'pair' is told apart by the weights of two target groups: by registration there is one"
  return [{ path: `${path}.fleets`, message }]
}

function optionsOf(
  { name, options }: Pick<StrategyDefinition, 'name' | 'options'>,
  spec: StrategySpec,
  path: string,
  problems: Diagnostic[],
): unknown {
  const parsed = options.safeParse(spec.options)
  if (parsed.success) return parsed.data
  problems.push(...parsed.error.issues.flatMap((issue) => describeIssue(issue, `${path} ${name}`)))
  return undefined
}

/** A strategy with its options validated and defaults filled in; as it is where that cannot be done. */
function complete(
  spec: StrategySpec,
  via: EntrySnapshot['via'],
  path: string,
  { strategyNamed }: Strategies,
  problems: Diagnostic[],
): StrategySpec {
  try {
    const options = optionsOf(strategyNamed(spec.name, via), spec, path, problems)
    return options === undefined ? spec : { name: spec.name, options: options as StrategySpec['options'] }
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown
    problems.push({
      path: `${path}.name`,
      message: [thrown.message, thrown.hint].filter(Boolean).join('; '),
    })
    return spec
  }
}

type Written = Omit<NonNullable<ParsedConfig['releases'][string]>, 'services'>

/** A release as the config has it; one that it does not have is reported elsewhere. */
export const releaseOf = (written: Written | undefined): Release => {
  const { version = '', userData, imageId, launchTemplateVersion } = written ?? {}
  const initial = imageId === undefined && launchTemplateVersion === undefined ? { version } : undefined
  return {
    version,
    ...userDataOf(userData, initial),
    ...(imageId === undefined ? {} : { imageId }),
    ...(launchTemplateVersion === undefined ? {} : { launchTemplateVersion }),
  }
}

/** As given, objects as JSON. A release of which nothing but its version is known is told that version. */
function userDataOf(given: unknown, initial: object | undefined): { userData?: string } {
  const data = given ?? initial
  if (data === undefined) return {}
  return { userData: typeof data === 'string' ? data : JSON.stringify(data) }
}
