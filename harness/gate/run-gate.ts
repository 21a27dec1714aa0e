import { type Clock, deadline } from '../clock.ts'
import { formatDuration } from '../duration.ts'
import { describeError, SluiceError } from '../errors.ts'
import type {
  Evidence,
  StageRef,
  SuiteContext,
  SuiteRun,
  SuiteRunner,
  TestPick,
  TestResult,
  Thresholds,
  TrafficBucket,
  TrafficWindow,
  Verdict,
} from '../gate.ts'
import type { TrafficView } from '../probe.ts'
import type { GateSpec } from '../strategy.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { CLOSING_LOOKS } from './analysis/latency.ts'
import { countingShortBursts, judgeTraffic, withOverdue } from './judge-traffic.ts'
import { allowance, judgeSuites, mergeEvidence, settingsEvidence } from './verdict.ts'
import { type Alarms, judgeAlarms, watchAlarms } from './watch-alarms.ts'

export interface GateInput {
  readonly spec: GateSpec
  /** The stage whose traffic is judged, by the name under which the view keeps it. */
  readonly stage: StageRef
  /** The stages before it, by whose traffic it is judged too; none unless given. */
  readonly earlier?: readonly StageRef[]
  /** Absolute paths of the suites of the gate's phase. */
  readonly files: readonly string[]
  /** Which of their tests run; all do unless given. */
  readonly pick?: TestPick
  /** What the suites are given; the traffic is added to it. */
  readonly context: SuiteContext
  readonly runner: SuiteRunner
  readonly view: TrafficView
  /** The name under which the view keeps traffic from before the first shift. */
  readonly before: string
  /** Brings the view up to this instant. */
  readonly flush: () => Promise<void>
  /** The versions deployed to and from. */
  readonly candidate: string
  readonly stable: string
  readonly thresholds: Thresholds
  /** How many gates the deployment has: a false alarm of any of them reverts it, so they share α. One, unless given. */
  readonly gates?: number
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Whether there is synthetic traffic to judge by; there is unless told otherwise. */
  readonly probe?: boolean
  /** Alarms that are judged beside it; none unless given. */
  readonly alarms?: Alarms
  /** Wall milliseconds after which the probe gives a request up. */
  readonly requestTimeout?: number
  /** Wall milliseconds that the suites may take. */
  readonly suiteDeadline?: number
  /** Asks for a person's approval; resolves with who gave it, rejects with the signal's reason. */
  readonly approve?: (signal: AbortSignal) => Promise<string>
}

export interface GateResult {
  readonly verdict: Verdict
  readonly tests: readonly TestResult[]
  /** Cloud milliseconds: in all, and of them those that were to be waited. */
  readonly tookMs: number
  readonly bakedMs: number
  readonly suitesWallMs: number
  /** Cloud instant of the first harmed request of this stage. */
  readonly firstHarmAt?: number
}

const SUITE_DEADLINE = 120_000
/** Wall milliseconds by which suites may start too early to be done when the bake is over. */
const MOST_SPARE = 250

const REQUEST_TIMEOUT = 5_000
const SECOND = 1_000
/** Wall milliseconds. */
const STANDSTILL = 2_000
/** Wall milliseconds between two looks for answers that are late. */
const UNANSWERED_LOOK = 100

/**
 * Judges one stage. The suites run once while the bake begins; every bucket of traffic is looked at, and the first
 * one that proves harm closes the gate; when the bake is over the suites run again, now with all the traffic, and
 * it is judged whether there was enough to see. What stays undecided extends the bake, then fails closed. Rejects only with the
 * signal's reason: whatever else goes wrong is a verdict.
 */
export async function runGate(input: GateInput): Promise<GateResult> {
  const gate = new Gate(input)
  let verdict: Verdict
  try {
    input.signal.throwIfAborted()
    verdict = mergeEvidence([...(await gate.judge()), ...settingsEvidence(input.context)])
  } catch (thrown) {
    if (input.signal.aborted) throw input.signal.reason
    const sentence = `the gate could not be judged: ${describeError(thrown)}`
    verdict = mergeEvidence([{ metric: 'gate', status: 'error', sentence }])
  } finally {
    gate.end()
  }
  return gate.result(verdict)
}

/** Thrown to leave a wait at once when traffic has proven harm. */
class Breach {
  readonly evidence: readonly Evidence[]
  constructor(evidence: readonly Evidence[]) {
    this.evidence = evidence
  }
}

class Gate {
  readonly #input: GateInput
  readonly #probed: boolean
  readonly #startedAt: number
  /** Aborts when the deployment is given up, when traffic has proven harm, and when the gate is done. */
  readonly #watch = new AbortController()
  readonly #signal: AbortSignal
  readonly #unsubscribe: () => void
  readonly #alarms: Disposable | undefined
  #tests: readonly TestResult[] = []
  #suitesWallMs = 0
  #suiteRuns = 0
  #lastSuitesWallMs = 0
  #bakeUntil: number
  /** Where a person may end the bake: their answer, who gave it, and what ends the wait then. */
  #asked: Promise<string> | undefined
  #approvedBy: string | undefined
  readonly #early = new AbortController()
  #firstHarmAt: number | undefined

  constructor(input: GateInput) {
    this.#input = input
    this.#probed = input.probe ?? true
    this.#startedAt = input.clock.now()
    this.#bakeUntil = this.#startedAt + input.spec.bake
    this.#signal = AbortSignal.any([input.signal, this.#watch.signal])
    this.#unsubscribe = this.#probed ? input.view.onChange((bucket) => this.#see(bucket)) : () => {}
    const close = (reason: unknown): void => this.#watch.abort(reason)
    const ring = (evidence: readonly Evidence[]): void => close(new Breach(evidence))
    this.#alarms = input.alarms && watchAlarms(input.alarms, input.clock, ring, close)
  }

  async judge(): Promise<Evidence[]> {
    try {
      this.#lookWhileBaking()
      const opening = await this.#runSuites()
      if (this.#input.spec.bake === 0)
        return await this.#approved(await this.#untilDecided([opening, ...(await this.#closingLook())]))
      if (opening.status === 'failed' || opening.status === 'error') return [opening]
      if (this.#input.spec.early) this.#askEarly()
      return await this.#approved(await this.#untilDecided(await this.#bakeAndLook()))
    } catch (thrown) {
      if (this.#input.signal.aborted) throw thrown
      const reason: unknown = this.#watch.signal.aborted ? this.#watch.signal.reason : undefined
      if (reason instanceof Breach) return [...reason.evidence]
      throw reason ?? thrown
    }
  }

  end(): void {
    this.#unsubscribe()
    this.#alarms?.[Symbol.dispose]()
    this.#watch.abort(new Breach([]))
  }

  result(verdict: Verdict): GateResult {
    const now = this.#input.clock.now()
    const baked = Math.min(now, this.#bakeUntil) - this.#startedAt
    return {
      verdict,
      tests: this.#tests,
      tookMs: now - this.#startedAt,
      bakedMs: Math.max(0, baked),
      suitesWallMs: this.#suitesWallMs,
      ...(this.#firstHarmAt === undefined ? {} : { firstHarmAt: this.#firstHarmAt }),
    }
  }

  /** Extends the bake while nothing is decided, as far as the gate may be extended. */
  async #untilDecided(evidence: Evidence[]): Promise<Evidence[]> {
    const { spec } = this.#input
    const step = spec.extend / (CLOSING_LOOKS - 1)
    let latest = evidence
    // What is seen again after an approval is one look of those that the statistics allow for.
    const looks = spec.approval === undefined ? CLOSING_LOOKS : CLOSING_LOOKS - 1
    for (let look = 1; look < looks && step > 0; look++) {
      if (mergeEvidence(latest).status !== 'inconclusive') break
      this.#bakeUntil = this.#input.clock.now() + step
      latest = await this.#bakeAndLook()
    }
    return latest
  }

  /** A gate that would open waits for a person where one is asked, goes on watching meanwhile, and looks again. */
  async #approved(evidence: readonly Evidence[]): Promise<Evidence[]> {
    const { spec, stage, clock, approve } = this.#input
    if (spec.approval === undefined || mergeEvidence(evidence).status !== 'passed') return [...evidence]
    if (this.#approvedBy !== undefined) return [...evidence, approvedBy(this.#approvedBy)]
    const within = formatDuration(spec.approval)
    const late = (): Error =>
      new SluiceError('timeout', `nobody approved of going on from ${stage.name} within ${within}`)
    using time = deadline(clock, spec.approval, late, this.#signal)
    try {
      const by = await (this.#asked ? unlessAborted(this.#asked, time.signal) : approve?.(time.signal))
      if (by === undefined)
        throw new SluiceError('timeout', `nobody can be asked to approve of ${stage.name}`)
      await this.#flush()
      const suites = await this.#runSuites()
      return [suites, ...(await this.#closingLook()), approvedBy(by)]
    } catch (thrown) {
      if (this.#signal.aborted || !(thrown instanceof SluiceError) || thrown.code !== 'timeout') throw thrown
      return [...evidence, { metric: 'approval', status: 'inconclusive', sentence: thrown.message }]
    }
  }

  /** Asks while it bakes: the answer ends the bake, not the looks that follow it. */
  #askEarly(): void {
    const { spec, clock, approve } = this.#input
    if (spec.approval === undefined || !approve) return
    this.#asked = approve(this.#signal)
    this.#asked.then(
      (by) => {
        this.#approvedBy = by
        this.#bakeUntil = Math.min(this.#bakeUntil, clock.now())
        this.#early.abort()
      },
      // Nobody may be left to hear it: why the wait ended is told by the signal.
      () => {},
    )
  }

  /** The suites look again at the end of the bake, started early enough to be done when it is over. */
  async #bakeAndLook(): Promise<Evidence[]> {
    const { clock } = this.#input
    // At the end they look for themselves at what they were given at the beginning, and take longer.
    const lead = this.#lastSuitesWallMs + Math.min(this.#lastSuitesWallMs, MOST_SPARE)
    await this.#until(this.#bakeUntil - lead * clock.scale)
    await this.#flush()
    const suites = await this.#runSuites()
    await this.#until(this.#bakeUntil)
    return [suites, ...(await this.#closingLook())]
  }

  async #until(instant: number): Promise<void> {
    const { clock } = this.#input
    const left = instant - clock.now()
    // An extension is slept through: it is there to see more, whoever approved.
    const cut = this.#early.signal.aborted ? [] : [this.#early.signal]
    try {
      if (left > 0) await clock.sleep(left, AbortSignal.any([this.#signal, ...cut]))
    } catch (thrown) {
      if (this.#signal.aborted || cut.every((signal) => !signal.aborted)) throw thrown
    }
    this.#signal.throwIfAborted()
  }

  async #closingLook(): Promise<Evidence[]> {
    const { alarms } = this.#input
    const [traffic, rung] = await Promise.all([
      this.#closingTraffic(),
      alarms ? judgeAlarms(alarms, this.#signal) : [],
    ])
    return [...traffic, ...rung]
  }

  async #closingTraffic(): Promise<Evidence[]> {
    if (!this.#probed) return []
    await this.#flush()
    // A gate without a bake waits for no traffic: it judges by what there is.
    const look = this.#input.spec.bake > 0 ? 'closing' : 'continuous'
    const evidence = this.#analyse(look, countingShortBursts)
    if (evidence.some(({ status }) => status === 'failed')) return evidence
    await this.#untilAnswered()
    return this.#analyse(look, (window) => withOverdue(countingShortBursts(window)))
  }

  /**
   * What was sent while baking and has no answer yet would be missing from the evidence, and it is just the requests
   * that go unanswered that take longest to end. They are waited for until their time-out ends them; where answers
   * are to come within a second, only for longer than a moment in which a whole machine may stand still.
   */
  async #untilAnswered(): Promise<void> {
    const { view, stage, clock, thresholds, requestTimeout = REQUEST_TIMEOUT } = this.#input
    const longest = thresholds.latency.p99 > SECOND ? requestTimeout : Math.min(requestTimeout, STANDSTILL)
    const until = clock.wall.now() + longest
    while ((view.window(stage.name).schedule.overdue ?? 0) > 0 && clock.wall.now() < until) {
      await clock.wall.sleep(UNANSWERED_LOOK, this.#signal)
      await this.#flush()
    }
  }

  async #flush(): Promise<void> {
    if (this.#probed) await this.#input.flush()
    this.#signal.throwIfAborted()
  }

  async #runSuites(): Promise<Evidence> {
    const { runner, files, pick, context, spec, stage, view, suiteDeadline } = this.#input
    const traffic = this.#probed ? { traffic: view.window(stage.name) } : {}
    // What was observed before the gate holds for suites that begin at once, not for those at the end of a bake.
    const { observed, ...lasting } = context
    const look = this.#suiteRuns++ === 0 ? 'opening' : 'closing'
    const fresh = look === 'opening' && observed ? { observed } : {}
    const running = runner.run({
      files,
      ...(pick ? { pick } : {}),
      context: { ...lasting, ...fresh, ...traffic, look },
      deadline: suiteDeadline ?? SUITE_DEADLINE,
      signal: this.#signal,
    })
    // A gate that closes does not wait for suites to be stopped.
    const run: SuiteRun = await unlessAborted(running, this.#signal)
    this.#tests = run.tests
    this.#lastSuitesWallMs = run.tookMs
    this.#suitesWallMs += run.tookMs
    return judgeSuites(run, `suites ${spec.suites}`, allowance(context))
  }

  #see(bucket: TrafficBucket): void {
    if (bucket.stage !== this.#input.stage.name) return
    if (bucket.counts.some(isHarm)) this.#firstHarmAt ??= bucket.from
    this.#lookWhileBaking()
  }

  #lookWhileBaking(): void {
    if (!this.#probed || this.#signal.aborted) return
    try {
      const harm = this.#analyse('continuous').filter((evidence) => evidence.status === 'failed')
      if (harm.length > 0) this.#watch.abort(new Breach(harm))
    } catch (thrown) {
      this.#watch.abort(thrown)
    }
  }

  #analyse(look: 'continuous' | 'closing', seen?: (window: TrafficWindow) => TrafficWindow): Evidence[] {
    const { view, stage } = this.#input
    const now = view.window(stage.name)
    // What came in between the confirmed weights and this gate counts too.
    if (now.counts.some(isHarm)) this.#firstHarmAt ??= now.from
    return judgeTraffic(this.#input, look, seen)
  }
}

const approvedBy = (by: string): Evidence => ({
  metric: 'approval',
  status: 'passed',
  sentence: `approved by ${by}`,
})

const isHarm = (count: { readonly outcome: string; readonly n: number }): boolean =>
  count.outcome !== 'ok' && count.n > 0
