import { alarmsQuiet } from '../checks/alarms-quiet.ts'
import type { Config } from '../config.ts'
import { BEFORE, type Site } from '../deployment-run.ts'
import { SluiceError } from '../errors.ts'
import { brokenContract, judgeContract, withContract } from '../gate/contract.ts'
import { watchTraffic } from '../gate/judge-traffic.ts'
import { runGate } from '../gate/run-gate.ts'
import { allowance } from '../gate/verdict.ts'
import { createSuiteRunner } from '../gate/vitest/index.ts'
import { type Alarms, alsoWatchAlarms } from '../gate/watch-alarms.ts'
import type { StageRef, SuiteContext, SuiteRunner } from '../gate.ts'
import { Owned } from '../owned.ts'
import type { GatePhase, Plan, ServiceSnapshot } from '../strategy.ts'
import { conduct, type Eyes, type PlannedSite } from './conduct.ts'
import { loadConfig } from './config-file.ts'
import { confirm } from './confirm.ts'
import { deploymentId } from './deployment-id.ts'
import { type DrawnSite, drawPlan } from './draw.ts'
import { hold, sameStill } from './hold.ts'
import type { Invocation } from './main.ts'
import { requireSupport } from './require.ts'
import { openScene, type Scene } from './scene.ts'
import { contractFiles, type Suites, suiteFiles } from './suite-files.ts'

type SuitesByPhase = Readonly<Record<Exclude<GatePhase, 'resilience'> | 'contract', Suites>>

/** `sluice deploy`: the whole of it. Exit codes as the design has them. */
export async function deploy(invocation: Invocation): Promise<number> {
  const { flags, cwd, env, interrupt } = invocation
  const config = await loadConfig({ cwd, env, flags })
  const suites = await suitesOf(config)
  await using owned = new Owned()
  const [runner, scene] = await both(
    owned,
    readyRunner(config, suites),
    openScene(config, config.cloud, interrupt, invocation.output.people),
  )
  await requireSupport(scene.cloud, config, interrupt)
  const { plan, sites, standing } = await drawPlan(config, scene.cloud, interrupt)
  if (plan.stages.length > 0) {
    const deed = `deploy ${plan.to} over ${plan.from} by ${plan.strategy} in ${plan.stages.length} stages`
    await confirm(invocation, scene.cloud.address, config, deed)
  }
  const id = deploymentId(config, config.releases[config.release]?.version ?? config.release)
  const refs = sites.map(({ ref }) => ref)
  const lease = await hold(invocation, config, scene, { id, plan, refs })
  if (lease) {
    owned.use(lease)
    sameStill(config, plan, (await drawPlan(config, scene.cloud, interrupt)).plan)
  }
  return await conduct(
    {
      invocation,
      config,
      scene,
      id,
      plan,
      sites,
      lease,
      judges: (site, eyes) =>
        judges({ config, scene, runner, suites, plan, standing, ...drawnAt(sites, site), ...eyes }),
    },
    owned,
  )
}

/** A site with what the suites are told of the release before. */
function drawnAt(sites: readonly DrawnSite[], { before }: PlannedSite): DrawnSite {
  const found = sites.find((site) => site.before.scope === before.scope)
  if (found) return found
  throw new SluiceError('internal', `${before.scope} was not planned for`)
}

/** Starts two things at once; what did start is disposed of even when the other one failed. */
async function both<A extends AsyncDisposable, B extends AsyncDisposable>(
  owned: Owned,
  first: Promise<A>,
  second: Promise<B>,
): Promise<[A, B]> {
  const settled = await Promise.allSettled([
    first.then((value) => owned.use(value)),
    second.then((value) => owned.use(value)),
  ])
  const failed = settled.find((each) => each.status === 'rejected')
  if (failed) throw failed.reason
  return Promise.all([first, second])
}

/** A runner whose suites all compile, and whose workers are warming up. */
async function readyRunner(config: Config, suites: SuitesByPhase): Promise<SuiteRunner> {
  const all: readonly Suites[] = Object.values(suites)
  const tags = [...new Set(all.flatMap(({ pick }) => pick.tags))]
  const runner = await createSuiteRunner({ root: config.root, tags })
  try {
    await runner.check([...new Set(all.flatMap(({ files }) => files))])
    return runner
  } catch (thrown) {
    await runner[Symbol.asyncDispose]()
    throw thrown
  }
}

async function suitesOf(config: Config): Promise<SuitesByPhase> {
  const several = new Set(config.sites.map(({ ref }) => ref.name)).size > 1
  const [pre, shift, post, contract] = await Promise.all([
    suiteFiles(config, 'pre-deploy'),
    suiteFiles(config, 'shift'),
    suiteFiles(config, 'post-deploy'),
    several ? contractFiles(config) : { files: [], pick: { files: [], tags: [], names: [] } },
  ])
  return { 'pre-deploy': pre, shift, 'post-deploy': post, contract }
}

export interface GateParts extends Eyes, DrawnSite {
  readonly config: Config
  readonly scene: Scene
  readonly runner: SuiteRunner
  readonly suites: SuitesByPhase
  /** Services of the system that this deployment leaves alone. */
  readonly standing: readonly ServiceSnapshot[]
  readonly plan: Plan
}

/** How traffic and suites are judged: while a gate is, and between gates. */
export function judges(parts: GateParts): Pick<Site, 'gate' | 'watch'> {
  const { config, scene, runner, suites, ref, release, baseline, from, before, probe, view, approve } = parts
  const { clock } = scene.cloud
  const since = clock.now()
  const reached: StageRef[] = []
  const judged = (stage: StageRef, phase: GatePhase) => ({
    stage,
    earlier: reached.filter(({ index }) => index >= 0 && index < stage.index),
    context: {
      cloud: scene.cloud.address,
      service: ref,
      phase,
      ...(stage.index < 0 ? {} : { stage }),
      release,
      baseline,
      thresholds: config.gates,
      clients: config.clients,
      checks: config.checks,
      before,
      since,
    } satisfies SuiteContext,
    view,
    before: BEFORE,
    candidate: release.version,
    stable: from,
    thresholds: config.gates,
    // That of every stage, and the one before the first of them.
    gates: parts.plan.stages.length + 1,
  })
  const alarms = alarmsOf(parts)
  return {
    gate: async (spec, stage, signal, observed, neighbours) => {
      const { context, ...traffic } = judged(stage, spec.suites)
      reached.push(stage)
      const contract = await judgeContract({
        ...(stage.index < 0 ? { ...suites.contract, files: [] } : suites.contract),
        runner,
        context,
        services: [observed, ...neighbours, ...parts.standing],
        stage,
        signal,
      })
      const broken = brokenContract(contract)
      if (broken) return broken
      const result = await runGate({
        ...traffic,
        // Before the first change the service is as old as the plan: suites look for themselves.
        context: stage.index < 0 ? context : { ...context, observed },
        spec,
        ...suitesFor(suites, spec.suites),
        runner,
        flush: spec.suites === 'post-deploy' ? readingBack(probe) : () => probe.flush(),
        probe: scene.cloud.supports('data-plane').ok,
        clock,
        signal,
        requestTimeout: config.probe.timeout,
        approve: (patience) => approve(stage.name, spec.approval ?? 0, patience),
        ...(alarms ? { alarms } : {}),
      })
      return withContract(result, contract)
    },
    watch: (stage) => {
      const traffic = watchTraffic(judged(stage, 'shift'))
      return alarms ? alsoWatchAlarms(traffic, alarms, clock) : traffic
    },
  }
}

/** No gate of a deployment does harm on purpose. */
const suitesFor = (suites: SuitesByPhase, phase: GatePhase): Partial<Suites> & Pick<Suites, 'files'> =>
  phase === 'resilience' ? { files: [] } : suites[phase]

/** Where the config names alarms. */
function alarmsOf({ config, scene: { cloud }, before }: GateParts): Alarms | undefined {
  const { alarms: names = [] } = config.gates
  if (names.length === 0) return undefined
  return {
    names,
    look: (signal) => alarmsQuiet(cloud, before, { names, signal }),
    notRun: allowance({ cloud: cloud.address, thresholds: config.gates }).notRun,
  }
}

/** The last gate of a release looks at everything that was acknowledged before it, once, while its suites run. */
function readingBack(probe: Eyes['probe']): () => Promise<void> {
  const reading = probe.readBack('meanwhile')
  // A gate that closes before it asks does not want to hear of it.
  reading.catch(() => {})
  return async () => {
    await reading
    await probe.flush()
  }
}
