import { wallClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { observeService } from '../converge/observe.ts'
import { versionExists } from '../converge/template.ts'
import { describeDowntimeBack } from '../downtime.ts'
import { SluiceError } from '../errors.ts'
import { leaveRequest } from '../journal/mailbox.ts'
import type { Request } from '../journal/request.ts'
import { Owned } from '../owned.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type WayBack, wayBack } from '../way-back.ts'
import { conduct } from './conduct.ts'
import { loadConfig } from './config-file.ts'
import { confirm } from './confirm.ts'
import { deploymentId } from './deployment-id.ts'
import { keptDeployments } from './deployments.ts'
import { hold, scopeOf, stateBucket, whoami } from './hold.ts'
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
  const there = await askThere(config, scene, 'revert', interrupt)
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
  const again = await drawBack(config, scene, interrupt)
  const { observed } = again
  const stop = { cause: 'interrupted', sentence: `${whoami()} asked for it`, exitCode: 0 } as const
  return await conduct(
    {
      invocation,
      config,
      scene,
      id,
      release,
      plan: again.plan,
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

const requestOf = (deployment: string, ask: Request['ask']): Request => ({
  deployment,
  ask,
  by: whoami(),
  at: new Date(wallClock.now()).toISOString(),
})

/** Asks the deployment that runs on this machine; returns which, if there is one. */
export function askHere(config: Config, ask: Request['ask']): string | undefined {
  for (const { id, directory, alive, ended } of keptDeployments(config)) {
    if (alive && !ended) {
      leaveRequest(directory, requestOf(id, ask))
      return id
    }
    return undefined // Only the last one can be under way.
  }
  return undefined
}

/** Asks the deployment that holds the service on another machine; returns which, if there is one. */
export async function askThere(
  config: Config,
  scene: Scene,
  ask: Request['ask'],
  signal: AbortSignal,
): Promise<string | undefined> {
  const bucket = await stateBucket(config, scene.cloud, signal)
  if (!bucket) return undefined
  const lease = await import('../journal/lease.ts')
  const scope = scopeOf(config)
  const held = (await lease.readLease(bucket, scope, signal))?.record
  if (held?.state !== 'held' || !lease.soundsAlive(held)) return undefined
  await lease.ask(bucket, scope, requestOf(held.deployment, ask))
  return held.deployment
}
