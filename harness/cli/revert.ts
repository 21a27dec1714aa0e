import type { Config } from '../config.ts'
import { observeService } from '../converge/observe.ts'
import { versionExists } from '../converge/template.ts'
import { describeDowntimeBack } from '../downtime.ts'
import { SluiceError } from '../errors.ts'
import { Owned } from '../owned.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type WayBack, wayBack } from '../way-back.ts'
import { askHere, askThere } from './ask.ts'
import { conduct } from './conduct.ts'
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
  const { plan, release } = await drawBack(config, scene, interrupt)
  const announced = describeDowntimeBack(plan)
  if (announced !== undefined) output.people(`${announced}\n`)
  await confirm(invocation, scene.cloud.address, config, `go back from ${plan.to} to ${plan.from}`)
  const id = deploymentId(config, { version: plan.from })
  const lease = await hold(invocation, config, scene, { id, plan })
  if (lease) owned.use(lease)
  const { plan: now, observed } = await drawBack(config, scene, interrupt)
  sameStill(config, plan, now)
  const stop = { cause: 'interrupted', sentence: `${whoami()} asked for it`, exitCode: 0 } as const
  return await conduct(
    {
      invocation,
      config,
      scene,
      id,
      release,
      plan,
      before: observed,
      lease,
      begin: { phase: { kind: 'reverting', cause: stop.cause, stage: 0 }, stop, observed, actions: 0 },
      judges: () => noGates,
    },
    owned,
  )
}

/** The way back from what serves now; by a config or a flag that says `recreate`, with the service down in between. */
async function drawBack(
  config: Config,
  { cloud }: Scene,
  signal: AbortSignal,
): Promise<WayBack & { readonly observed: ServiceSnapshot }> {
  const observed = await observeService(cloud, config.service, signal)
  const back = wayBack(observed, config.strategy.name === 'recreate')
  const clients = cloud.region(config.service.region)
  for (const [name, { mix }] of Object.entries(back.plan.baseline.targets[observed.scope]?.fleets ?? {})) {
    const fleet = observed.fleets.find((each) => each.name === name)
    if (!mix || !fleet || (await versionExists(clients, fleet.launchTemplate.id, mix.replaces, signal)))
      continue
    throw new SluiceError(
      'precondition',
      `launch template version ${mix.replaces}, which ${name} ran before, is gone`,
      { hint: 'deploy the release that you want: `sluice deploy --release <name>`' },
    )
  }
  return { ...back, observed }
}
