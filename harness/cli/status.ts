import type { Config } from '../config.ts'
import { observeService } from '../converge/observe.ts'
import type { LeaseRecord } from '../journal/lease.ts'
import { Owned } from '../owned.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { loadConfig } from './config-file.ts'
import { type KeptDeployment, keptDeployments } from './deployments.ts'
import { heldBy, scopeOf } from './hold.ts'
import type { Invocation } from './main.ts'
import { openScene } from './scene.ts'
import { table } from './table.ts'

/** `sluice status`: how the service stands, who deploys to it, and how the last deployment from here ended. */
export async function status({ cwd, env, flags, interrupt, output }: Invocation): Promise<number> {
  const config = await loadConfig({ cwd, env, flags })
  const [last] = keptDeployments(config)
  // An embedded cloud is there only while its own deployment is.
  const seen = config.cloud.kind === 'embedded' ? {} : await look(config, interrupt)
  if (flags.json) {
    output.data(
      `${JSON.stringify({ type: 'status', scope: scopeOf(config), ...seen, ...(last ? { last: headOf(last) } : {}) })}\n`,
    )
    return 0
  }
  const { service, lease } = seen
  output.data(
    [
      `${scopeOf(config)}\n`,
      ...(service ? [fleets(service)] : []),
      ...(lease ? [held(lease)] : []),
      last ? sentence(last, config) : `  no deployment from here yet\n`,
    ].join('\n'),
  )
  return 0
}

interface Seen {
  readonly service?: ServiceSnapshot
  readonly lease?: LeaseRecord
}

async function look(config: Config, signal: AbortSignal): Promise<Seen> {
  await using owned = new Owned()
  const scene = owned.use(await openScene(config, config.cloud, signal))
  const service = await observeService(scene.cloud, config.service, signal)
  const holder = await heldBy(config, scene.cloud, signal)
  return { service, ...(holder ? { lease: holder.record } : {}) }
}

function fleets({ fleets, shares }: ServiceSnapshot): string {
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0)
  const rows = fleets.map((fleet) => {
    const share = shares[fleet.name]
    const traffic =
      share === undefined ? 'not in the listener' : `${Math.round((100 * share) / total)}% of traffic`
    const health = `${fleet.healthy} healthy of ${fleet.desiredCapacity}`
    return [fleet.role, fleet.release, fleet.name, traffic, health]
  })
  return `${table(rows).replace(/^/gm, '  ')}\n`
}

function held({ state, deployment, holder, from, to, strategy, doing, since, renewed }: LeaseRecord): string {
  const what = `${from} → ${to} by ${strategy}`
  return state === 'held'
    ? `  held by deployment ${deployment}\n    ${what}, ${doing}\n    ${holder}, since ${since}, last heard of ${renewed}\n`
    : `  held by nobody; last by deployment ${deployment}\n    ${what}, ${doing}\n`
}

const headOf = ({ id, alive, ended }: KeptDeployment) => ({
  deployment: id,
  state: ended?.state ?? (alive ? 'running' : 'cut-off'),
  ...(ended ? { sentence: ended.sentence, exitCode: ended.exitCode } : {}),
})

function sentence({ id, alive, ended }: KeptDeployment, { cloud }: Config): string {
  if (ended) return `  last from here: ${id}\n    ${ended.state}: ${ended.sentence}\n`
  if (alive) return `  running from here: ${id}\n    \`sluice revert\` asks it to go back\n`
  const next =
    cloud.kind === 'embedded' ? 'its cloud ended with it' : '`sluice resume` takes it up and ends it'
  return `  cut off: ${id}\n    ${next}\n`
}
