/**
 * Sets the scene for suites that run with no deployment, in a process of its own: Vitest's own process does not
 * resolve this package's source. Forked with the phase as its argument; sends one `StandaloneMessage`, and ends the
 * cloud it started when its parent disconnects.
 */
import { enableCompileCache } from 'node:module'
import { deadline, wallClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import type { Config } from '../config.ts'
import { describeError, SluiceError } from '../errors.ts'
import type { SuiteContext } from '../gate.ts'
import type { GatePhase, Release } from '../strategy.ts'

enableCompileCache?.()

export type StandaloneMessage =
  | { readonly kind: 'ready'; readonly context: SuiteContext }
  | { readonly kind: 'failed'; readonly message: string; readonly hint?: string }

/** Wall milliseconds. */
const READY_WITHIN = 60_000

/** The cloud and, where the suites shall not find one there, the service on its baseline release. */
async function setScene(
  phase: GatePhase,
  signal: AbortSignal,
): Promise<{ cloud: Cloud; context: SuiteContext }> {
  const [{ loadConfig }, { startCloud }] = await Promise.all([
    import('./config-file.ts'),
    import('#fixtures/clouds/start'),
  ])
  const config = await loadConfig({ cwd: process.cwd(), env: process.env, flags: {} })
  refuseHarm(config, phase)
  const cloud = await startCloud(config.cloud, { signal })
  try {
    if (config.cloud.kind === 'embedded' || process.env['SLUICE_SCENARIO']) {
      const { createServices } = await import('./scene.ts')
      await createServices(cloud, config, signal)
    }
    return { cloud, context: await contextOf(config, cloud, phase, signal) }
  } catch (thrown) {
    await cloud[Symbol.asyncDispose]()
    throw thrown
  }
}

/** Nobody is asked here, and nobody has said --yes: what changes a live account is not for these suites. */
function refuseHarm({ cloud }: Config, phase: GatePhase): void {
  if (cloud.kind !== 'live' || (phase !== 'resilience' && !process.env['SLUICE_SCENARIO'])) return
  const what = phase === 'resilience' ? 'terminate instances' : 'create the sample service'
  throw new SluiceError('precondition', `suites that run alone do not ${what} in a live account`, {
    hint: phase === 'resilience' ? 'sluice test resilience asks first' : 'unset SLUICE_SCENARIO',
  })
}

/** What serves is both release and baseline. */
async function contextOf(
  config: Config,
  cloud: Cloud,
  phase: GatePhase,
  signal: AbortSignal,
): Promise<SuiteContext> {
  const { observeService } = await import('../converge/observe.ts')
  const { fleets } = await observeService(cloud, config.service, signal)
  const version = fleets.find((fleet) => fleet.role === 'stable')?.release ?? 'unknown'
  const [{ release: next, baseline }] = config.sites
  const known = [...(next ? [next] : []), baseline, ...Object.values(config.releases)]
  const serving: Release = known.find((each) => each.version === version) ?? { version }
  const { service, gates: thresholds, clients, checks } = config
  const serves = { release: serving, baseline: serving }
  return { cloud: cloud.address, service, phase, ...serves, thresholds, clients, checks }
}

const tell = (message: StandaloneMessage): void => {
  if (process.connected) process.send?.(message)
}

const gone = new Promise((resolve) => process.once('disconnect', resolve))
try {
  using limit = deadline(
    wallClock,
    READY_WITHIN,
    () => new SluiceError('timeout', `the service was not ready within ${READY_WITHIN / 1_000} s`),
  )
  const { cloud, context } = await setScene(process.argv[2] as GatePhase, limit.signal)
  tell({ kind: 'ready', context })
  await gone
  await cloud[Symbol.asyncDispose]()
} catch (thrown) {
  const hint = thrown instanceof SluiceError ? thrown.hint : undefined
  tell({ kind: 'failed', message: describeError(thrown), ...(hint === undefined ? {} : { hint }) })
  process.exitCode = 1
  if (process.connected) process.disconnect()
}
