import { resolve } from 'node:path'
import type { Config } from '../config.ts'
import { describeAction } from '../converge/action.ts'
import { type Convergence, converge } from '../converge/index.ts'
import { observeService } from '../converge/observe.ts'
import { formatDuration } from '../duration.ts'
import { SluiceError } from '../errors.ts'
import type { ServiceRef } from '../gate.ts'
import { openFileStore } from '../journal/file-store.ts'
import { createJournal } from '../journal/journal.ts'
import { withoutKept } from '../leftovers.ts'
import { Owned } from '../owned.ts'
import { scopeOf } from '../scope.ts'
import type { FleetSnapshot, Plan, ServiceSnapshot } from '../strategy.ts'
import { loadConfig } from './config-file.ts'
import { confirm } from './confirm.ts'
import { deploymentId } from './deployment-id.ts'
import { hold } from './hold.ts'
import type { Invocation } from './main.ts'
import { openScene, type Scene } from './scene.ts'

/** `sluice tidy`: parks what stood by after a deployment and need not any longer; with `--wait`, as soon as its time is over. */
export async function tidy(invocation: Invocation): Promise<number> {
  const { cwd, env, flags, interrupt } = invocation
  const config = await loadConfig({ cwd, env, flags })
  if (config.cloud.kind === 'embedded') {
    throw new SluiceError(
      'precondition',
      'an embedded cloud ends with its deployment: nothing stands by on it',
    )
  }
  await using owned = new Owned()
  const scene = owned.use(await openScene(config, config.cloud, interrupt))
  for (const { ref } of config.sites) await tidySite(invocation, config, scene, ref)
  return 0
}

async function tidySite(
  invocation: Invocation,
  config: Config,
  scene: Scene,
  ref: ServiceRef,
): Promise<void> {
  const { flags, interrupt, output } = invocation
  const { cloud } = scene
  const kept = keptIn(await observeService(cloud, ref, interrupt))
  if (!kept) return output.people(`nothing of ${scopeOf(ref)} stands by\n`)
  const left = kept.keptUntil - cloud.clock.now()
  if (left > 0) {
    output.people(`${describeKept(kept, cloud.clock.now())}\n`)
    if (!flags.wait) return
    await cloud.clock.sleep(left, interrupt)
  }
  await confirm(invocation, cloud.address, { sites: [{ ref }] }, `park ${kept.name} (${kept.release}) at 0`)
  await park(invocation, config, scene, ref)
}

async function park(invocation: Invocation, config: Config, scene: Scene, ref: ServiceRef): Promise<void> {
  const { interrupt, output } = invocation
  const { cloud } = scene
  await using owned = new Owned()
  const id = deploymentId(ref, 'tidy')
  const lease = await hold(invocation, config, scene, { id, plan: NO_PLAN, refs: [ref] })
  if (lease) owned.use(lease)
  // Whoever held the service meanwhile may have gone back to it, or put something else in its place.
  const observed = await observeService(cloud, ref, interrupt)
  const target = withoutKept(observed, cloud.clock.now())
  if (!target) return output.people(`nothing of ${scopeOf(ref)} stands by any longer\n`)
  const file = resolve(config.root, config.directory, 'tidied', id, 'journal.jsonl')
  const journal = owned.use(createJournal(id, cloud.clock, openFileStore(file)))
  let actions = 0
  const run: Convergence = {
    cloud,
    ref,
    release: { version: observed.fleets[0]?.release ?? '' },
    journal,
    calls: () => scene.calls().all,
    signal: interrupt,
    nextAction: () => actions++,
    onBegin: async (action) => output.people(`  ${describeAction(action)}\n`),
  }
  await converge(run, target, 'forward', observed)
  lease?.say('ended tidied')
  output.people(`${scopeOf(ref)} is tidied: the way back to what served before now begins with a boot\n`)
}

/** What the lease says of it. */
const NO_PLAN: Plan = {
  strategy: 'tidy',
  from: '',
  to: '',
  baseline: { name: '', targets: {}, gate: { suites: 'pre-deploy', bake: 0, extend: 0 } },
  stages: [],
}

type KeptFleet = FleetSnapshot & { readonly keptUntil: number }

/** The fleet that stands by longest. */
export function keptIn({ fleets }: ServiceSnapshot): KeptFleet | undefined {
  const kept = fleets.filter((fleet): fleet is KeptFleet => fleet.keptUntil !== undefined)
  return kept.sort((a, b) => b.keptUntil - a.keptUntil)[0]
}

/** For people. */
export function describeKept({ name, release, keptUntil }: KeptFleet, now: number): string {
  const until = new Date(keptUntil).toISOString().slice(0, 16).replace('T', ' ')
  return keptUntil > now
    ? `${name} (${release}) stands by until ${until} UTC, for ${formatDuration(keptUntil - now)}: \`sluice revert\` is one call`
    : `${name} (${release}) stood by until ${until} UTC: \`sluice tidy\` parks it`
}
