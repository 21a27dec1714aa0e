import type { Config } from '../config.ts'
import type { SiteSpec } from '../config-sites.ts'
import { observeService } from '../converge/observe.ts'
import type { LeaseRecord } from '../journal/lease.ts'
import { Owned } from '../owned.ts'
import { scopeOf } from '../scope.ts'
import type { Scope, ServiceSnapshot } from '../strategy.ts'
import { loadConfig } from './config-file.ts'
import { type KeptDeployment, keptDeployments } from './deployments.ts'
import { holderOf } from './hold.ts'
import type { Invocation } from './main.ts'
import { openScene } from './scene.ts'
import { table } from './table.ts'
import { describeKept, keptIn } from './tidy.ts'

/** `sluice status`: how each service stands, who deploys to it, and how the last deployment from here ended. */
export async function status({ cwd, env, flags, interrupt, output }: Invocation): Promise<number> {
  const config = await loadConfig({ cwd, env, flags })
  const [last] = keptDeployments(config)
  // An embedded cloud is there only while its own deployment is.
  const seen = config.cloud.kind === 'embedded' ? config.sites.map(inNoCloud) : await look(config, interrupt)
  if (flags.json) {
    const head = last ? { last: headOf(last) } : {}
    for (const each of seen) output.data(`${JSON.stringify({ type: 'status', ...each, ...head })}\n`)
    return 0
  }
  output.data(
    [
      ...seen.flatMap(({ scope, service, lease, now }) => [
        `${scope}\n`,
        ...(service ? [fleets(service), ...standsBy(service, now)] : []),
        ...(lease ? [held(lease)] : []),
      ]),
      last ? sentence(last, config) : `  no deployment from here yet\n`,
    ].join('\n'),
  )
  return 0
}

/** What waits to be gone back to. */
function standsBy(service: ServiceSnapshot, now = 0): string[] {
  const kept = keptIn(service)
  return kept ? [`  ${describeKept(kept, now)}\n`] : []
}

interface Seen {
  readonly scope: Scope
  /** In cloud time. */
  readonly now?: number
  readonly service?: ServiceSnapshot
  readonly lease?: LeaseRecord
}

const inNoCloud = ({ ref }: SiteSpec): Seen => ({ scope: scopeOf(ref) })

async function look(config: Config, signal: AbortSignal): Promise<readonly Seen[]> {
  await using owned = new Owned()
  const { cloud } = owned.use(await openScene(config, config.cloud, signal))
  return await Promise.all(
    config.sites.map(async ({ ref }) => {
      const [service, holder] = await Promise.all([
        observeService(cloud, ref, signal),
        holderOf(config, ref, cloud, signal),
      ])
      return {
        scope: scopeOf(ref),
        service,
        now: cloud.clock.now(),
        ...(holder ? { lease: holder.record } : {}),
      }
    }),
  )
}

/** Of a fleet that users are not led to, nor would be by a weight. */
const OUT = { listener: 'not in the listener', registration: 'not registered', dns: 'not in DNS' }

function fleets({ entry, fleets, shares }: ServiceSnapshot): string {
  const out = OUT[entry.via]
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0)
  const rows = fleets.map((fleet) => {
    const share = shares[fleet.name]
    const traffic = share === undefined ? out : `${Math.round((100 * share) / total)}% of traffic`
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
