import { join, relative, resolve } from 'node:path'
import { reporters } from '#reports/index'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { BEFORE, type Begin, type Site } from '../deployment-run.ts'
import { describeError, SluiceError } from '../errors.ts'
import type { TrafficBucket } from '../gate.ts'
import type { JournalEvent } from '../journal/event.ts'
import { continueFileStore, openFileStore } from '../journal/file-store.ts'
import { createJournal, type Journal } from '../journal/journal.ts'
import type { Lease } from '../journal/lease.ts'
import { watchRequests } from '../journal/mailbox.ts'
import type { Request } from '../journal/request.ts'
import type { Owned } from '../owned.ts'
import { type RunningProbe, silentProbe, startProbe } from '../probe/index.ts'
import { createTrafficLedger } from '../probe/ledger.ts'
import type { Probe, TrafficView } from '../probe.ts'
import type { Reporter } from '../report.ts'
import { runDeployment } from '../runner.ts'
import type { Plan } from '../strategy.ts'
import type { Invocation } from './main.ts'
import { probeSpec } from './probe-spec.ts'
import type { Scene } from './scene.ts'

/** A deployment that is to be run: on its way forward, or back. */
export interface Conduct {
  readonly invocation: Invocation
  readonly config: Config
  readonly scene: Scene
  readonly id: string
  readonly plan: Plan
  readonly sites: readonly PlannedSite[]
  readonly lease: Lease | undefined
  readonly begin?: Begin
  /** What its journal holds already, where it is continued. */
  readonly past?: readonly JournalEvent[]
  readonly judges: (site: PlannedSite, eyes: Eyes) => Pick<Site, 'gate' | 'watch'>
}

/** A site as it is planned for: nothing looks at it yet. */
export type PlannedSite = Pick<Site, 'ref' | 'release' | 'from' | 'before'>

/** What sees the traffic. */
export interface Eyes {
  readonly probe: Probe
  readonly view: TrafficView
  /** Waits until a person approves of going on from a stage; resolves with who did. */
  readonly approve: (stage: string, within: number, signal: AbortSignal) => Promise<string>
}

/** Runs a deployment with its journal, its reports, its probe, and an ear for signals and for other terminals. */
export async function conduct(conduct: Conduct, owned: Owned): Promise<number> {
  const { invocation, config, scene, id, plan, lease, past = [] } = conduct
  const { interrupt } = invocation
  const directory = resolve(config.root, config.directory, id)
  const file = join(directory, 'journal.jsonl')
  const store = past.length > 0 ? continueFileStore(file) : openFileStore(file)
  const journal = owned.use(createJournal(id, scene.cloud.clock, store, past))
  const told = report(invocation, journal, directory, past.length)
  const ear = hearRequests(conduct, directory, owned)
  const approve = askFor(ear, journal, scene.cloud.clock)
  const watched = await Promise.all(conduct.sites.map((site) => openEyes(conduct, site, journal, owned)))
  tell(lease, journal, past.length)
  let ended = false
  invocation.onSignal((signal, times) => {
    if (!ended) journal.append({ type: 'interrupted', signal, times })
  })
  const deploying = runDeployment({
    cloud: scene.cloud,
    name: config.name,
    plan,
    sites: watched.map(({ site, probe, view }) => ({
      ...site,
      probe,
      view,
      ...conduct.judges(site, { probe, view, approve }),
    })),
    journal,
    calls: scene.calls,
    apart: scene.apart,
    // Without its eyes, or its right to write, a deployment goes back as if it had been interrupted.
    interrupt: AbortSignal.any([
      interrupt,
      ear.back,
      ...watched.map(({ blind }) => blind),
      ...(lease ? [lease.signal] : []),
    ]),
    ...(conduct.begin ? { begin: conduct.begin } : {}),
  })
  const end = await deploying.finally(() => {
    ended = true
  })
  await closeReports(told, invocation)
  return end.exitCode
}

/** Starts a site's own probe, where there is traffic; `blind` aborts when it can see no more. */
async function openEyes(conduct: Conduct, site: PlannedSite, journal: Journal, owned: Owned) {
  const { cloud } = conduct.scene
  const view = createTrafficLedger()
  const { interrupt: signal } = conduct.invocation
  const probe = cloud.supports('data-plane').ok
    ? owned.use(await startProbe(await probeSpec({ ...conduct, cloud }, site, signal), { signal }))
    : silentProbe
  const mark = conduct.sites.length > 1 ? { scope: site.before.scope } : {}
  const blind = watchProbe(probe, view, (bucket) => journal.append({ type: 'traffic', ...mark, bucket }))
  await probe.enter(BEFORE)
  return { site, probe, view, blind }
}

/** Files what the probe sees; the signal aborts when it can see or file no more. */
export function watchProbe(
  probe: RunningProbe,
  view: ReturnType<typeof createTrafficLedger>,
  file: (bucket: TrafficBucket) => void,
): AbortSignal {
  const blind = new AbortController()
  const give = (what: string, cause: unknown): void =>
    blind.abort(new SluiceError('internal', `${what}: ${describeError(cause)}`, { cause }))
  probe.onBucket((bucket, samples) => {
    view.add(bucket, samples)
    try {
      file(bucket)
    } catch (thrown) {
      // Thrown on, it would end the process with the deployment half way.
      give('the journal cannot be written', thrown)
    }
  })
  probe.onFailure((thrown) => give('the probe died', thrown))
  return blind.signal
}

/** What is heard from other terminals. */
interface Ear {
  /** Aborts when somebody asks the deployment to go back. */
  readonly back: AbortSignal
  /** Hears who approves, until told not to. */
  onApproval(listener: (by: string) => void): Disposable
}

function hearRequests({ id, scene, lease }: Conduct, directory: string, owned: Owned): Ear {
  const back = new AbortController()
  const approvals = new Set<(by: string) => void>()
  const hear = ({ deployment, ask, by }: Request): void => {
    if (deployment !== id) return
    if (ask === 'revert') back.abort(new SluiceError('interrupted', `${by} asked it to go back`))
    else for (const listener of approvals) listener(by)
  }
  owned.use(watchRequests(directory, scene.cloud.clock.wall, hear))
  lease?.onRequest(hear)
  return {
    back: back.signal,
    onApproval: (listener) => {
      approvals.add(listener)
      return { [Symbol.dispose]: () => void approvals.delete(listener) }
    },
  }
}

/** What is approved before it was asked for is not heard: nobody approves of what they have not seen. */
function askFor(ear: Ear, journal: Journal, clock: Clock): Eyes['approve'] {
  return async (stage, within, signal) => {
    const approved = Promise.withResolvers<string>()
    const abort = (): void => approved.reject(signal.reason)
    signal.throwIfAborted()
    signal.addEventListener('abort', abort, { once: true })
    using _ = ear.onApproval(approved.resolve)
    const since = clock.now()
    journal.append({ type: 'approval-awaited', stage, within })
    try {
      const by = await approved.promise
      journal.append({ type: 'approved', stage, by })
      return by
    } finally {
      signal.removeEventListener('abort', abort)
      journal.append({ type: 'waited', for: 'approval', what: stage, ms: clock.now() - since })
    }
  }
}

/** How a lease says that its deployment waits for a person. */
export const AWAITS = 'awaits approval of '

/** Lets others read in the lease what is being done. */
function tell(lease: Lease | undefined, journal: Journal, past: number): void {
  if (!lease) return
  journal.subscribe((event) => {
    if (event.seq < past) return
    if (event.type === 'stage-started') lease.say(`on its way to ${event.name}`)
    if (event.type === 'gate-started') lease.say(`judges ${event.stage}`)
    if (event.type === 'approval-awaited') lease.say(`${AWAITS}${event.stage}`)
    if (event.type === 'revert-started') lease.say(`goes back: ${event.sentence}`)
    if (event.type === 'deployment-ended') lease.say(`ended ${event.state}: ${event.sentence}`)
  })
}

/** `past` events are for the reports that tell the whole story; who reads events one by one has had them. */
function report(
  { flags, env, output }: Invocation,
  journal: Journal,
  directory: string,
  past: number,
): Reporter[] {
  const options = {
    directory,
    write: output.people,
    writeData: output.data,
    colour: output.colour,
    columns: output.columns,
    interactive: output.interactive,
    ...(env['GITHUB_STEP_SUMMARY'] ? { stepSummary: env['GITHUB_STEP_SUMMARY'] } : {}),
  }
  const stories = (['terminal', 'html', 'junit', 'allure', 'github-summary'] as const).map((name) =>
    reporters[name](options),
  )
  const lines = flags.json ? reporters.ndjson(options) : undefined
  const broken = new Set<Reporter>()
  journal.subscribe((event) => {
    for (const reporter of [...stories, ...(lines && event.seq >= past ? [lines] : [])]) {
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
  return lines ? [...stories, lines] : stories
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
