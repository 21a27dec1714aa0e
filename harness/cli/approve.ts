import type { Config } from '../config.ts'
import { SluiceError } from '../errors.ts'
import { Owned } from '../owned.ts'
import { askHere, askThere } from './ask.ts'
import { AWAITS } from './conduct.ts'
import { loadConfig } from './config-file.ts'
import { keptDeployments } from './deployments.ts'
import { heldBy, scopeOf } from './hold.ts'
import type { Invocation } from './main.ts'
import { openScene } from './scene.ts'

/** `sluice approve`: lets a deployment go on from the stage at which it waits for a person. */
export async function approve({ cwd, env, flags, interrupt, output }: Invocation): Promise<number> {
  const config = await loadConfig({ cwd, env, flags })
  const told = (id: string, stage: string): number => {
    output.people(`approved of ${stage} of deployment ${id}; it looks once more, and goes on\n`)
    return 0
  }
  const here = awaitedHere(config)
  if (here !== undefined) return told(askHere(config, 'approve') ?? '', here)
  if (config.cloud.kind === 'embedded') throw nobodyWaits(config)
  await using owned = new Owned()
  const scene = owned.use(await openScene(config, config.cloud, interrupt))
  const holder = await heldBy(config, scene.cloud, interrupt)
  if (!holder?.record.doing.startsWith(AWAITS)) throw nobodyWaits(config)
  const id = await askThere(holder, 'approve', interrupt)
  if (id === undefined) throw nobodyWaits(config)
  return told(id, holder.record.doing.slice(AWAITS.length))
}

/** The stage at which the deployment that runs on this machine waits. */
function awaitedHere(config: Config): string | undefined {
  const [last] = keptDeployments(config)
  if (!last?.alive) return undefined
  const awaited = last.events.findLast((event) => event.type === 'approval-awaited')
  if (!awaited) return undefined
  const since = last.events.slice(last.events.indexOf(awaited))
  return since.some(({ type }) => type === 'approved' || type === 'gate-ended') ? undefined : awaited.stage
}

const nobodyWaits = (config: Config): SluiceError =>
  new SluiceError('precondition', `no deployment of ${scopeOf(config)} waits for an approval`, {
    hint: '`sluice status` shows what is under way',
  })
