import { composed, levelsOf, sideways } from '#strategies/compose'
import type { Cloud } from '../cloud.ts'
import type { Config } from '../config.ts'
import type { SiteSpec } from '../config-sites.ts'
import { observeService } from '../converge/observe.ts'
import { versionExists } from '../converge/template.ts'
import { describeDowntimeBack } from '../downtime.ts'
import { SluiceError } from '../errors.ts'
import { Owned } from '../owned.ts'
import type { Part, Plan, ServiceSnapshot } from '../strategy.ts'
import { wayBack } from '../way-back.ts'
import { askHere, askThere } from './ask.ts'
import { conduct, type PlannedSite } from './conduct.ts'
import { loadConfig } from './config-file.ts'
import { confirm } from './confirm.ts'
import { deploymentId } from './deployment-id.ts'
import { heldBy, hold, sameStill, whoami } from './hold.ts'
import type { Invocation } from './main.ts'
import { noGates, openScene, type Scene } from './scene.ts'

/**
 * `sluice revert`: asks the deployment that is under way to go back; when none is, takes back the last one, as long as
 * what served before it is there: a parked fleet, or in place the launch template version that the fleet ran.
 */
export async function revert(invocation: Invocation): Promise<number> {
  const { cwd, env, flags, interrupt, output } = invocation
  const config = await loadConfig({ cwd, env, flags })
  const here = askHere(config, 'revert')
  if (here !== undefined) {
    output.people(`asked deployment ${here} to go back; its own terminal tells how that goes\n`)
    return 0
  }
  if (config.cloud.kind === 'embedded') {
    throw new SluiceError('precondition', 'no deployment is under way on an embedded cloud', {
      hint: 'an embedded cloud ends with its deployment: nothing is left that could go back',
    })
  }
  await using owned = new Owned()
  const scene = owned.use(await openScene(config, config.cloud, interrupt))
  const holder = await heldBy(config, scene.cloud, interrupt)
  const there = holder && (await askThere(holder, 'revert', interrupt))
  if (there !== undefined) {
    output.people(`asked deployment ${there} to go back; its own terminal tells how that goes\n`)
    return 0
  }
  return await takeBack(invocation, config, scene, owned)
}

async function takeBack(invocation: Invocation, config: Config, scene: Scene, owned: Owned): Promise<number> {
  const { interrupt, output } = invocation
  const { plan, sites } = await drawBack(config, scene.cloud, interrupt)
  const announced = describeDowntimeBack(plan)
  if (announced !== undefined) output.people(`${announced}\n`)
  await confirm(invocation, scene.cloud.address, config, `go back from ${plan.to} to ${plan.from}`)
  const id = deploymentId(config, plan.from)
  const lease = await hold(invocation, config, scene, { id, plan, refs: sites.map(({ ref }) => ref) })
  if (lease) owned.use(lease)
  const now = await drawBack(config, scene.cloud, interrupt)
  sameStill(config, plan, now.plan)
  const observed = now.sites.map(({ before }) => before)
  const stop = { cause: 'interrupted', sentence: `${whoami()} asked for it`, exitCode: 0 } as const
  return await conduct(
    {
      invocation,
      config,
      scene,
      id,
      plan,
      sites: now.sites,
      lease,
      begin: { phase: { kind: 'reverting', cause: stop.cause, stage: 0 }, stop, observed, actions: 0 },
      judges: () => noGates,
    },
    owned,
  )
}

interface DrawnBack {
  readonly plan: Plan
  readonly sites: readonly PlannedSite[]
}

/**
 * The way back from what serves now; by a config or a flag that says `recreate`, with the service down in between. Of
 * several services or regions, those go back that run what the config would deploy, dependants first.
 */
async function drawBack(config: Config, cloud: Cloud, signal: AbortSignal): Promise<DrawnBack> {
  const several = config.sites.length > 1
  const looked = await Promise.all(
    config.sites.map(async (site) => ({ site, observed: await observeService(cloud, site.ref, signal) })),
  )
  const deployed = looked.filter(({ site, observed }) => !several || runs(observed, site.release?.version))
  const [first] = deployed
  if (!first) {
    throw new SluiceError('precondition', `no service of ${config.name} runs release ${config.release}`, {
      hint: 'name the release that is to be taken back: `sluice revert --release <name>`',
    })
  }
  const drawn = await Promise.all(deployed.map((each) => backAt(each.site, each.observed, cloud, signal)))
  const sites = drawn.map(({ site }) => site)
  const parts = drawn.map(({ part }) => part)
  const [only] = parts
  if (only && !several) return { plan: only.plan, sites }
  const stages = sideways(
    parts.map(({ plan }) => plan.stages),
    () => `release ${config.release}`,
  )
  const order = levelsOf(parts).toReversed()
  const plan = composed(
    'revert',
    parts,
    stages,
    order.map((level) => level.map(({ scope }) => scope)),
  )
  return { plan, sites }
}

const runs = ({ fleets }: ServiceSnapshot, version: string | undefined): boolean =>
  fleets.some(({ role, release }) => role === 'stable' && release === version)

async function backAt(
  { ref, strategy, after }: SiteSpec,
  observed: ServiceSnapshot,
  cloud: Cloud,
  signal: AbortSignal,
): Promise<{ readonly part: Part; readonly site: PlannedSite }> {
  const { plan, release } = wayBack(observed, strategy.name === 'recreate')
  const clients = cloud.region(ref.region)
  for (const [name, { mix }] of Object.entries(plan.baseline.targets[observed.scope]?.fleets ?? {})) {
    const fleet = observed.fleets.find((each) => each.name === name)
    if (!mix || !fleet || (await versionExists(clients, fleet.launchTemplate.id, mix.replaces, signal)))
      continue
    throw new SluiceError(
      'precondition',
      `launch template version ${mix.replaces}, which ${name} ran before, is gone`,
      { hint: 'deploy the release that you want: `sluice deploy --release <name>`' },
    )
  }
  const part = { scope: observed.scope, service: ref.name, region: ref.region, after, plan }
  return { part, site: { ref, release, from: plan.from, before: observed } }
}
