import { randomBytes } from 'node:crypto'
import { join, relative, resolve } from 'node:path'
import { reporters } from '#reports/index'
import { wallClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { describeError, SluiceError } from '../errors.ts'
import { runGate, watchTraffic } from '../gate/run-gate.ts'
import { createSuiteRunner } from '../gate/vitest/index.ts'
import type { StageRef, SuiteContext, SuiteRunner } from '../gate.ts'
import { openFileStore } from '../journal/file-store.ts'
import { createJournal, type Journal } from '../journal/journal.ts'
import { Owned } from '../owned.ts'
import { startProbe } from '../probe/index.ts'
import { createTrafficLedger } from '../probe/ledger.ts'
import type { Probe, TrafficView } from '../probe.ts'
import type { Reporter } from '../report.ts'
import { BEFORE, type DeploymentRun, runDeployment } from '../runner.ts'
import type { GatePhase, Plan, ServiceSnapshot } from '../strategy.ts'
import { loadConfig } from './config-file.ts'
import { confirm } from './confirm.ts'
import type { Invocation } from './main.ts'
import { drawPlan, openScene, type Scene } from './scene.ts'
import { suiteFiles } from './suite-files.ts'

type Suites = Readonly<Record<GatePhase, readonly string[]>>

/** `sluice deploy`: the whole of it. Exit codes as the design has them. */
export async function deploy(invocation: Invocation): Promise<number> {
  const { flags, cwd, env, interrupt } = invocation
  const config = await loadConfig({ cwd, env, flags })
  const suites = await suitesOf(config)
  await using owned = new Owned()
  const [runner, scene] = await both(
    owned,
    readyRunner(config, suites),
    openScene(config, config.cloud, interrupt),
  )
  const { plan, before } = await drawPlan(config, scene, interrupt)
  if (plan.stages.length > 0) {
    const deed = `deploy ${plan.to} over ${plan.from} by ${plan.strategy} in ${plan.stages.length} stages`
    await confirm(invocation, scene.cloud.address, config, deed)
  }
  const id = deploymentId(config)
  const directory = resolve(config.root, config.directory, id)
  const journal = owned.use(
    createJournal(id, scene.cloud.clock, openFileStore(join(directory, 'journal.jsonl'))),
  )
  const told = report(invocation, journal, directory)
  const view = createTrafficLedger()
  const probe = owned.use(await startProbe(probeSpec(config, scene, before), { signal: interrupt }))
  const blind = new AbortController()
  probe.onBucket((bucket, samples) => {
    view.add(bucket, samples)
    try {
      journal.append({ type: 'traffic', bucket })
    } catch (thrown) {
      // Thrown on, it would end the process with the deployment half way.
      blind.abort(
        new SluiceError('internal', `the journal cannot be written: ${describeError(thrown)}`, {
          cause: thrown,
        }),
      )
    }
  })
  probe.onFailure((thrown) =>
    blind.abort(new SluiceError('internal', `the probe died: ${describeError(thrown)}`, { cause: thrown })),
  )
  await probe.enter(BEFORE)
  let ended = false
  invocation.onSignal((signal, times) => {
    if (!ended) journal.append({ type: 'interrupted', signal, times })
  })
  const end = await runDeployment({
    cloud: scene.cloud,
    ref: config.service,
    release: scene.release,
    plan,
    before,
    journal,
    probe,
    view,
    calls: () => scene.calls,
    // Without its eyes a deployment goes back as if it had been interrupted.
    interrupt: AbortSignal.any([interrupt, blind.signal]),
    ...judges({ config, scene, runner, suites, before, plan, probe, view }),
  })
  ended = true
  await closeReports(told, invocation)
  return end.exitCode
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
async function readyRunner(config: Config, suites: Suites): Promise<SuiteRunner> {
  const runner = await createSuiteRunner({ root: config.root })
  try {
    await runner.check([...new Set(Object.values(suites).flat())])
    return runner
  } catch (thrown) {
    await runner[Symbol.asyncDispose]()
    throw thrown
  }
}

async function suitesOf(config: Config): Promise<Suites> {
  const [pre, shift, post] = await Promise.all(
    (['pre-deploy', 'shift', 'post-deploy'] as const).map((phase) => suiteFiles(config, phase)),
  )
  return { 'pre-deploy': pre ?? [], shift: shift ?? [], 'post-deploy': post ?? [], resilience: [] }
}

/** Sorts by time, names what it is of, and does not repeat: `20261122-101500-orders-2.0.0-3f9a`. */
function deploymentId(config: Config): string {
  const stamp = new Date(wallClock.now()).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  const version = (config.releases[config.release]?.version ?? '').replace(/[^\w.-]+/g, '_').slice(0, 40)
  return `${stamp}-${config.service.name}-${version}-${randomBytes(2).toString('hex')}`
}

/** How often traffic is summed, in wall milliseconds: finer where cloud time runs faster. */
const bucketOf = (scale: number): number => (scale > 1 ? 250 : 1_000)

function probeSpec(config: Config, scene: Scene, before: ServiceSnapshot) {
  const { rate, timeout, expect } = config.probe
  const port = before.entry.port === 80 ? '' : `:${before.entry.port}`
  return {
    cloud: scene.cloud.address,
    url: `${before.entry.protocol.toLowerCase()}://${before.entry.dnsName}${port}${config.service.url}`,
    rate,
    timeout,
    expect,
    bucket: bucketOf(scene.cloud.clock.scale),
    versions: [scene.baseline.version, scene.release.version, ...before.fleets.map((fleet) => fleet.release)],
  }
}

interface GateParts {
  readonly config: Config
  readonly scene: Scene
  readonly runner: SuiteRunner
  readonly suites: Suites
  readonly before: ServiceSnapshot
  readonly plan: Plan
  readonly probe: Probe
  readonly view: TrafficView
}

/** How traffic and suites are judged: while a gate is, and between gates. */
function judges(parts: GateParts): Pick<DeploymentRun, 'gate' | 'watch'> {
  const { config, scene, runner, suites, before, plan, probe, view } = parts
  const { clock } = scene.cloud
  const judged = (stage: StageRef, phase: GatePhase) => ({
    stage,
    context: {
      cloud: scene.cloud.address,
      service: config.service,
      phase,
      ...(stage.index < 0 ? {} : { stage }),
      release: scene.release,
      baseline: { ...scene.baseline, version: plan.from },
      thresholds: config.gates,
      clients: config.clients,
      before,
    } satisfies SuiteContext,
    view,
    before: BEFORE,
    candidate: plan.to,
    stable: plan.from,
    thresholds: config.gates,
  })
  const flush = (): Promise<void> => probe.flush()
  return {
    gate: (spec, stage, signal, observed) => {
      const { context, ...traffic } = judged(stage, spec.suites)
      return runGate({
        ...traffic,
        // Before the first change the service is as old as the plan: suites look for themselves.
        context: stage.index < 0 ? context : { ...context, observed },
        spec,
        files: suites[spec.suites],
        runner,
        flush,
        clock,
        signal,
        requestTimeout: config.probe.timeout,
      })
    },
    watch: (stage) => watchTraffic(judged(stage, 'shift')),
  }
}

function report({ flags, env, output }: Invocation, journal: Journal, directory: string): Reporter[] {
  const options = {
    directory,
    write: output.people,
    writeData: output.data,
    colour: output.colour,
    columns: output.columns,
    interactive: output.interactive,
    ...(env['GITHUB_STEP_SUMMARY'] ? { stepSummary: env['GITHUB_STEP_SUMMARY'] } : {}),
  }
  const names = [
    'terminal',
    'html',
    'junit',
    'github-summary',
    ...(flags.json ? ['ndjson' as const] : []),
  ] as const
  const told = names.map((name) => reporters[name](options))
  const broken = new Set<Reporter>()
  journal.subscribe((event) => {
    for (const reporter of told) {
      if (broken.has(reporter)) continue
      try {
        reporter.event(event)
      } catch (thrown) {
        // A report is never a reason for a deployment to stop, least of all on its way back.
        broken.add(reporter)
        output.people(`sluice: a report failed and is not continued: ${describeError(thrown)}\n`)
      }
    }
  })
  return told
}

/** A report that cannot be written is said; it does not change what became of the deployment. */
async function closeReports(told: readonly Reporter[], { output, cwd }: Invocation): Promise<void> {
  for (const reporter of told) {
    try {
      const written = await reporter.close()
      const page = written.find((path) => path.endsWith('.html'))
      if (page !== undefined) output.people(`\n  Report        ${relative(cwd, page)}\n`)
    } catch (thrown) {
      output.people(`sluice: a report could not be written: ${describeError(thrown)}\n`)
    }
  }
}
