import { compositionNamed, strategyNamed } from '#strategies/index'
import { withApprovals } from '../approvals.ts'
import type { Cloud } from '../cloud.ts'
import type { Config } from '../config.ts'
import type { SiteSpec } from '../config-sites.ts'
import { observeService } from '../converge/observe.ts'
import { SluiceError } from '../errors.ts'
import type { ServiceRef } from '../gate.ts'
import type { Part, Plan, Release, ServiceSnapshot } from '../strategy.ts'

/** One service in one region, as a deployment finds it. */
export interface DrawnSite {
  readonly ref: ServiceRef
  readonly release: Release
  readonly baseline: Release
  /** The version that serves. */
  readonly from: string
  readonly before: ServiceSnapshot
}

/** What is to be done, and where. */
export interface Drawn {
  readonly plan: Plan
  /** Those that the plan speaks of. */
  readonly sites: readonly DrawnSite[]
  /** The others, which stay as they are. */
  readonly standing: readonly ServiceSnapshot[]
}

/** Draws the way to the release of a config from how its services stand in the cloud. Changes nothing. */
export async function drawPlan(config: Config, cloud: Cloud, signal: AbortSignal): Promise<Drawn> {
  const composition = compositionNamed(config.strategy.name)
  const found = await Promise.all(config.sites.map((site) => drawSite(site, cloud, signal)))
  const drawn = found.flatMap(({ site, part }) => (site && part ? [{ site, part }] : []))
  const [first] = drawn
  if (!first)
    throw new SluiceError('config', `release ${config.release} says nothing of any service of ${config.name}`)
  if (!composition)
    return { plan: withApprovals(first.part.plan, config.approvals), sites: [first.site], standing: [] }
  const todo = drawn.filter(({ part }) => part.plan.stages.length > 0)
  // Where nothing is to be done, the plan is that of all of them: it says what they run.
  const taken = todo.length > 0 ? todo : drawn
  const plan = composition.compose(config.strategy.options)(taken.map(({ part }) => part))
  return {
    plan: withApprovals(todo.length > 0 ? plan : { ...plan, stages: [] }, config.approvals),
    sites: taken.map(({ site }) => site),
    standing: found.flatMap(({ site, before }) => (taken.some((each) => each.site === site) ? [] : before)),
  }
}

async function drawSite(
  { ref, strategy, after, release, baseline }: SiteSpec,
  cloud: Cloud,
  signal: AbortSignal,
): Promise<{ readonly before: ServiceSnapshot; readonly part?: Part; readonly site?: DrawnSite }> {
  const before = await observeService(cloud, ref, signal)
  if (!release) return { before }
  const plan = strategyNamed(strategy.name).draw(strategy.options)(before, release)
  return {
    before,
    part: { scope: before.scope, service: ref.name, region: ref.region, after, plan },
    site: { ref, release, baseline: { ...baseline, version: plan.from }, from: plan.from, before },
  }
}
