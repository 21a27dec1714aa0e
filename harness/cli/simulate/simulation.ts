import { createSimulatedCloud, type SimulatedCloud } from '#fixtures/clouds/embedded/in-process/index'
import { type Chance, chanceOf, type Noise } from '#fixtures/clouds/embedded/in-process/noise'
import type { Config } from '../../config.ts'
import type { InProcess } from '../../connect/in-process.ts'
import { connectCloud } from '../../connect/index.ts'
import { observeService } from '../../converge/observe.ts'
import { BEFORE, type Begin } from '../../deployment-run.ts'
import { describeError, SluiceError } from '../../errors.ts'
import { estimate } from '../../estimate.ts'
import { directFiles, directRunner } from '../../gate/direct/suite-runner.ts'
import type { JournalEvent } from '../../journal/event.ts'
import { createJournal, type Journal } from '../../journal/journal.ts'
import { createProbe } from '../../probe/create-probe.ts'
import { createTrafficLedger } from '../../probe/ledger.ts'
import { type DeploymentEnd, runDeployment } from '../../runner.ts'
import type { GatePhase, Plan, Release, ServiceSnapshot } from '../../strategy.ts'
import { type VirtualClock, virtualClock } from '../../virtual-clock.ts'
import { type Eyes, watchProbe } from '../conduct.ts'
import { judges } from '../deploy.ts'
import { type Drawn, type DrawnSite, drawPlan } from '../draw.ts'
import { probeSpec } from '../probe-spec.ts'
import { beginOf } from '../resume.ts'
import { countCalls, createServices, noGates, type Scene } from '../scene.ts'
import type { Suites } from '../suite-files.ts'
import { type Fault, killOne } from './faults.ts'
import { type Inventory, takeInventory } from './inventory.ts'
import { beginLife, type Life } from './life.ts'

/** What one simulated deployment is made of: the same again gives the same again. */
export interface Simulation {
  readonly config: Config
  readonly seed: number
  readonly noise: Noise
  readonly faults: readonly Fault[]
  /** Cloud milliseconds after which whoever is asked approves; at once unless given. */
  readonly approvesAfter?: number
}

export interface Simulated {
  readonly seed: number
  readonly end: DeploymentEnd
  readonly events: readonly JournalEvent[]
  /** Every line of its journal. */
  readonly journal: string
  readonly plan: Plan
  /** What stood in the cloud before the deployment, and when everything had come to rest after it. */
  readonly before: Inventory
  readonly after: Inventory
  /** Each service as it then was, with the version that it was to have. */
  readonly sites: readonly { readonly service: ServiceSnapshot; readonly version: string }[]
  /** Why a service could not be seen any more, a line each: what makes it up is not all there. */
  readonly broken: readonly string[]
  /** At which of its API calls the process was stopped; absent when it was not. */
  readonly stoppedAt?: number
}

/** Every simulation begins at the same instant. */
const START = Date.UTC(2026, 0, 1)

/** Cloud milliseconds in which what a deployment has left under way comes to rest: drains, terminations, replacements. */
const REST = 20 * 60_000

/** How many calls a deployment makes, at the most, before it is stopped. */
const CALLS = 250

/** A whole deployment in virtual time, from an empty cloud. */
export async function simulateDeployment(simulation: Simulation): Promise<Simulated> {
  const { config, seed, noise } = simulation
  const clock = virtualClock(START)
  const spec = config.cloud
  if (spec.kind !== 'embedded') {
    throw new SluiceError('usage', `a ${spec.kind} cloud cannot be simulated`, {
      hint: 'simulate on the embedded cloud: --cloud embedded',
    })
  }
  const { settle, region } = spec
  await using simulated = await createSimulatedCloud({ clock, settle, noise, seed, region })
  const { requestHandler, dispatcher } = simulated
  const chance = chanceOf(`${seed}/course`)
  const inProcess = { clock, requestHandler, dispatcher, random: chance.uniform } as InProcess
  return await clock.run(() => new Course(simulation, simulated, inProcess, chance).run())
}

/** One deployment from the cloud it begins with to the cloud it leaves. */
class Course {
  readonly #simulation: Simulation
  readonly #simulated: SimulatedCloud
  readonly #inProcess: InProcess
  readonly #chance: Chance
  readonly #lines: string[] = []

  constructor(simulation: Simulation, simulated: SimulatedCloud, inProcess: InProcess, chance: Chance) {
    this.#simulation = simulation
    this.#simulated = simulated
    this.#inProcess = inProcess
    this.#chance = chance
  }

  async run(): Promise<Simulated> {
    const { config, seed, faults } = this.#simulation
    const { world, address } = this.#simulated
    const { clock } = this.#inProcess
    const signal = new AbortController().signal
    await using cloud = connectCloud(address, { inProcess: this.#inProcess })
    await createServices(cloud, config, signal)
    const before = takeInventory(world)
    const first = this.#begin(faults.some(({ kind }) => kind === 'crash'))
    const drawn = await drawPlan(config, first.scene.cloud, signal)
    let end = await this.#conduct(first, drawn)
    const { stoppedAt } = first
    if (!end) {
      const second = this.#begin(false)
      const { cloud: again } = second.scene
      const observed = await Promise.all(drawn.sites.map(({ ref }) => observeService(again, ref, signal)))
      const begin = beginOf(this.#events(), observed, drawn.plan.stages.length)
      end = await this.#conduct(second, drawn, begin)
    }
    if (!end) throw new SluiceError('internal', 'a process was stopped that was not to be')
    this.#simulated.chaos.clear()
    await clock.sleep(REST)
    const seen = await Promise.all(
      drawn.sites.map(async ({ ref, release: { version } }) => {
        try {
          return { site: { service: await observeService(cloud, ref, signal), version } }
        } catch (thrown) {
          return { why: `${ref.name} in ${ref.region} cannot be observed: ${describeError(thrown)}` }
        }
      }),
    )
    return {
      seed,
      end,
      events: this.#events(),
      journal: this.#lines.join(''),
      plan: drawn.plan,
      before,
      after: takeInventory(world),
      sites: seen.flatMap(({ site }) => site ?? []),
      broken: seen.flatMap(({ why }) => why ?? []),
      ...(stoppedAt === undefined ? {} : { stoppedAt }),
    }
  }

  #events(): readonly JournalEvent[] {
    return this.#lines.map((line) => JSON.parse(line) as JournalEvent)
  }

  /** A process of the harness with a connection of its own. */
  #begin(mortal: boolean): Process {
    const life = beginLife(this.#inProcess)
    const { onCall, ...counting } = countCalls()
    const stoppedAt = mortal ? 1 + Math.floor(this.#chance.uniform() * CALLS) : undefined
    let made = 0
    const cloud = connectCloud(this.#simulated.address, {
      inProcess: life.inProcess,
      onCall: (call) => {
        onCall(call)
        if (++made === stoppedAt) life.die()
      },
    })
    return {
      life,
      ...(stoppedAt === undefined ? {} : { stoppedAt }),
      scene: {
        cloud,
        ...counting,
        [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
      },
    }
  }

  #befall(clock: VirtualClock, { plan, sites }: Drawn): void {
    const before = sites.map((site) => site.before)
    const span = estimate(plan, before).reduce((sum, { whole }) => sum + whole, 0)
    for (const fault of this.#simulation.faults) {
      if (fault.kind === 'kill-instance') killOne(this.#simulated, clock, this.#chance, span)
      if (fault.kind === 'injected') this.#simulated.chaos.injectUnknown(fault.spec)
    }
  }

  /** Runs it, or takes it up; resolves to nothing when its process was stopped meanwhile. */
  async #conduct({ life, scene }: Process, drawn: Drawn, begin?: Begin): Promise<DeploymentEnd | undefined> {
    const { config, seed } = this.#simulation
    const { plan, sites } = drawn
    const write = (line: string): void => {
      if (!life.ended) this.#lines.push(line)
    }
    const past = this.#events()
    const journal = createJournal(`simulated-${seed}`, life.clock, { write, close: () => {} }, past)
    const watched = await Promise.all(sites.map((site) => this.#watch(site, drawn, scene, journal)))
    await Promise.all(watched.map(({ probe }) => probe.enter(BEFORE)))
    if (!begin) this.#befall(this.#inProcess.clock, drawn)
    const deploying = runDeployment({
      cloud: scene.cloud,
      name: config.name,
      plan,
      sites: watched.map((each) => ({ ...each, ...(begin ? noGates : this.#judges(each, plan, scene)) })),
      journal,
      calls: scene.calls,
      apart: scene.apart,
      interrupt: AbortSignal.any(watched.map(({ blind }) => blind)),
      ...(begin ? { begin } : {}),
    })
    const end = await Promise.race([deploying, life.end])
    if (life.ended || !end) return undefined
    for (const { probe } of watched) await probe[Symbol.asyncDispose]()
    await scene[Symbol.asyncDispose]()
    return end
  }

  async #watch(site: DrawnSite, { plan, sites }: Drawn, { cloud }: Scene, journal: Journal) {
    const { config } = this.#simulation
    const view = createTrafficLedger()
    // Clients that resolve names themselves ask over UDP.
    const { dns: _, ...spec } = await probeSpec(
      { config, cloud, plan, sites },
      site,
      new AbortController().signal,
    )
    const probe = createProbe(spec, cloud)
    const mark = sites.length > 1 ? { scope: site.before.scope } : {}
    const blind = watchProbe({ ...probe, onFailure: () => {} }, view, (bucket) =>
      journal.append({ type: 'traffic', ...mark, bucket }),
    )
    return { ...site, probe, view, blind }
  }

  /** As ever, save that the suites run in this process, and that whoever is asked approves. */
  #judges(site: DrawnSite & Pick<Eyes, 'probe' | 'view'>, plan: Plan, scene: Scene) {
    return judges({
      ...site,
      config: this.#simulation.config,
      plan,
      scene,
      runner: directRunner(scene.cloud),
      suites: {
        'pre-deploy': builtIn('pre-deploy'),
        shift: builtIn('shift'),
        'post-deploy': builtIn('post-deploy'),
        contract: builtIn('resilience'),
      },
      standing: [],
      approve: async (_stage, _within, signal) => {
        await scene.cloud.clock.sleep(this.#simulation.approvesAfter ?? 0, signal)
        return 'the simulation'
      },
    })
  }
}

/** The user's own suites need workers of their own; none of them is simulated. */
const builtIn = (phase: GatePhase): Suites => ({
  files: directFiles(phase),
  pick: { files: [], tags: [], names: [] },
})

interface Process {
  readonly life: Life
  readonly scene: Scene
  readonly stoppedAt?: number
}

/** Whether nothing of what a config deploys has a defect that its user data tells of. */
export const isGood = ({ sites }: Config): boolean => sites.every(({ release }) => !hasDefects(release))

const hasDefects = (release: Release | undefined): boolean =>
  /"defects"\s*:\s*\[\s*[^\]\s]/.test(release?.userData ?? '')
