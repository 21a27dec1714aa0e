import { resolve } from 'node:path'
import type { CloudAddress } from '../cloud.ts'
import type { Config } from '../config.ts'
import { observeService } from '../converge/observe.ts'
import type { Begin } from '../deployment-run.ts'
import { SluiceError } from '../errors.ts'
import type { JournalEvent } from '../journal/event.ts'
import { Owned } from '../owned.ts'
import { baselineVersion } from '../plan.ts'
import { scopeOf as scopeAt } from '../scope.ts'
import type { Stop } from '../stop.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { conduct, type PlannedSite } from './conduct.ts'
import { loadConfig } from './config-file.ts'
import { confirm } from './confirm.ts'
import { journalAt, type KeptDeployment, keptAt, keptDeployments } from './deployments.ts'
import { hold } from './hold.ts'
import type { Invocation } from './main.ts'
import { noGates, openScene } from './scene.ts'

/**
 * `sluice resume`: takes up a deployment that was cut off, and ends it. One whose last gate had passed is promoted; any
 * other one goes back, for nobody watched its release meanwhile.
 */
export async function resume(invocation: Invocation, [given]: readonly string[]): Promise<number> {
  const { cwd, env, flags, interrupt, output } = invocation
  const config = await loadConfig({ cwd, env, flags })
  const kept = given === undefined ? lastOf(config) : keptAt(journalAt(resolve(cwd, given)))
  if (!kept) throw new SluiceError('usage', `the journal ${given} was cut off before its deployment began`)
  const { id, started, ended, events } = kept
  if (ended) {
    output.people(`deployment ${id} has ended: ${ended.sentence}; nothing is to be resumed\n`)
    return 0
  }
  refuseIfAlive(kept, config)
  await using owned = new Owned()
  const scene = owned.use(await openScene(config, config.cloud, interrupt))
  sameCloud(started, scene.cloud.address)
  const { plan } = started
  const sites = started.before.map((before) => siteOf(started, before, config))
  await confirm(invocation, scene.cloud.address, config, `take up deployment ${id} and end it`)
  const lease = await hold(invocation, config, scene, { id, plan, refs: sites.map(({ ref }) => ref) })
  if (lease) owned.use(lease)
  const observed = await Promise.all(sites.map(({ ref }) => observeService(scene.cloud, ref, interrupt)))
  const begin = beginOf(events, observed, plan.stages.length)
  return await conduct(
    {
      invocation,
      config,
      scene,
      id,
      plan,
      sites,
      lease,
      begin,
      past: events,
      judges: () => noGates,
    },
    owned,
  )
}

/** A site as the journal has it, found where the config says. */
function siteOf(
  { deployment, plan, release, releases }: KeptDeployment['started'],
  before: ServiceSnapshot,
  config: Config,
): PlannedSite {
  const { scope } = before
  const site = config.sites.find(({ ref }) => scopeAt(ref) === scope)
  if (!site) {
    throw new SluiceError(
      'precondition',
      `deployment ${deployment} changed ${scope}, which the config does not name`,
      {
        hint: 'take it up with the config, and the strategy, that it was begun with',
      },
    )
  }
  const from = baselineVersion(plan, scope)
  return { ref: site.ref, release: releases?.[scope] ?? release, from, before }
}

function lastOf(config: Config): KeptDeployment {
  for (const kept of keptDeployments(config)) return kept
  throw new SluiceError('usage', `there is no deployment of ${config.name} in ${config.directory}`, {
    hint: 'name its journal; it is kept where it was deployed from',
  })
}

function refuseIfAlive({ id, alive }: KeptDeployment, { cloud }: Config): void {
  if (cloud.kind === 'embedded') {
    throw new SluiceError('precondition', `deployment ${id} ended with the embedded cloud it ran on`, {
      hint: 'nothing is left of either; deploy again',
    })
  }
  if (!alive) return
  throw new SluiceError('busy', `deployment ${id} is running: it listens to other terminals`, {
    hint: '`sluice revert` asks it to go back',
  })
}

function sameCloud(
  { deployment, cloud }: Extract<JournalEvent, { type: 'deployment-started' }>,
  { kind, account, endpoint }: CloudAddress,
): void {
  const origin = endpoint && new URL(endpoint).origin
  if (cloud.kind === kind && cloud.account === account && cloud.endpoint === origin) return
  const at = (where: string | undefined): string => (where === undefined ? '' : ` at ${where}`)
  throw new SluiceError(
    'precondition',
    `deployment ${deployment} was on ${cloud.kind} account ${cloud.account}${at(cloud.endpoint)}; this is ${kind} account ${account}${at(origin)}`,
    { hint: 'name its cloud with --cloud, or in the config; an embedded cloud ends with its deployment' },
  )
}

/** Where a deployment stands whose journal was cut off. */
export function beginOf(
  events: readonly JournalEvent[],
  observed: readonly ServiceSnapshot[],
  stages: number,
): Begin {
  const phase = events.findLast((event) => event.type === 'phase')?.to ?? 'planned'
  const stage = events.findLast((event) => event.type === 'stage-started')?.index ?? 0
  const ids = events.flatMap((event) => (event.type === 'action-intended' ? [event.id] : []))
  const common = { observed, after: phase, actions: Math.max(-1, ...ids) + 1, stop: stopOf(events) }
  if (phase === 'finishing' || phase === 'promoted') {
    return { ...common, phase: { kind: 'finishing' } }
  }
  const { cause } = common.stop
  return { ...common, phase: { kind: 'reverting', cause, stage: Math.min(stage, stages - 1) } }
}

/** Why it goes back: for its own reason, if it was on its way back when it was cut off. */
function stopOf(events: readonly JournalEvent[]): Stop {
  const begun = events.findLast((event) => event.type === 'revert-started')
  if (!begun) {
    const sentence = 'it was cut off, and nobody watched its release meanwhile'
    return { cause: 'interrupted', sentence, exitCode: 130 }
  }
  const { cause, sentence, detectedAt } = begun
  const verdict = events.findLast((event) => event.type === 'gate-ended')?.verdict.status
  const byGate = verdict === 'inconclusive' ? 4 : 3
  return {
    cause,
    sentence,
    detectedAt,
    exitCode: { gate: byGate, interrupted: 130, error: 1, planned: 0 }[cause],
  }
}
