import { deadline } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { formatDuration } from '../duration.ts'
import { describeError, SluiceError } from '../errors.ts'
import type { ServiceRef } from '../gate.ts'
import type { Journal } from '../journal/journal.ts'
import type { Release, ServiceSnapshot, Target } from '../strategy.ts'
import { absorb } from './absorb.ts'
import { type Action, describeAction } from './action.ts'
import { ACTION_DEADLINE, type ActionContext } from './context.ts'
import { eventually } from './eventually.ts'
import { observeService } from './observe.ts'
import { order } from './order.ts'
import { perform } from './perform.ts'

/** Looks at the service this often before it is said not to become what was asked. */
const PASSES = 4

export interface Convergence {
  readonly cloud: Cloud
  readonly ref: ServiceRef
  readonly release: Release
  readonly journal: Journal
  /** API calls made so far by this process. */
  readonly calls: () => number
  readonly signal: AbortSignal
  /** Gives every action of the journal a number of its own. */
  readonly nextAction: () => number
  /** Called before each action with the service as it is known. */
  readonly onBegin?: (action: Action, observed: ServiceSnapshot) => Promise<void>
  /** Called after each action with the service as it was known before. */
  readonly onDone?: (action: Action, observed: ServiceSnapshot) => Promise<void>
}

/**
 * Makes the service equal the target: the only code that changes a cloud. Observes first, performs what differs in
 * the one order, then observes again: what was asked and what is there must agree. Returns the service as it is.
 */
export async function converge(
  run: Convergence,
  target: Target,
  way: 'forward' | 'back',
  known?: ServiceSnapshot,
): Promise<ServiceSnapshot> {
  let observed = known ?? (await observeFor(run, target))
  let left: Action[] = []
  const told = new Set<string>()
  const missing = (): Action[] => {
    const { target: wanted, notes } = absorb(observed, target, way)
    for (const text of notes.filter((note) => !told.has(note))) {
      told.add(text)
      run.journal.append({ type: 'note', level: 'warning', text })
    }
    return order(observed, wanted, way)
  }
  for (let pass = 0; pass < PASSES; pass++) {
    left = missing()
    if (left.length === 0) return observed
    for (const action of left) {
      await run.onBegin?.(action, observed)
      await journaled(run, action, observed)
      await run.onDone?.(action, observed)
      // What follows needs its ARNs, or what it left to do: look again.
      if (action.kind === 'create-fleet' || action.kind === 'roll-back') break
    }
    observed = await observeFor(run, target)
  }
  left = missing()
  if (left.length === 0) return observed
  throw new SluiceError(
    'cloud',
    `${observed.scope} does not stay as asked; still to do: ${left.map(describeAction).join('; ')}`,
    { hint: 'something else changes this service at the same time; find it before you deploy again' },
  )
}

/** The service as it stands, with what a target that changes groups in place must know of them. */
export function observeFor(run: Convergence, target: Target): Promise<ServiceSnapshot> {
  const inPlace = Object.values(target.fleets).some(({ mix, template }) => mix ?? template)
  const by = inPlace ? run.journal.deployment : undefined
  return eventually(run.cloud.clock, run.signal, () => observeService(run.cloud, run.ref, run.signal, by))
}

/** Actions that wait for what the cloud does by itself. */
const WAITS: ReadonlySet<Action['kind']> = new Set([
  'await-healthy',
  'await-empty',
  'await-drained',
  'refresh',
  'roll-back',
  'set-records',
  'set-attached',
  'await-deregistered',
  'await-unasked',
])

/** Intent, effect within a deadline, outcome. */
export async function journaled(run: Convergence, action: Action, observed: ServiceSnapshot): Promise<void> {
  const { journal, cloud } = run
  const { clock } = cloud
  const id = run.nextAction()
  const what = describeAction(action)
  journal.append({ type: 'action-intended', id, scope: observed.scope, kind: action.kind, what })
  const started = { at: clock.now(), wallAt: clock.wall.now(), calls: run.calls() }
  const outcome = (result: 'done' | 'failed' | 'interrupted', error?: string): void => {
    journal.append({
      type: 'action-ended',
      id,
      kind: action.kind,
      outcome: result,
      tookMs: clock.now() - started.at,
      tookWallMs: clock.wall.now() - started.wallAt,
      calls: run.calls() - started.calls,
      ...(error === undefined ? {} : { error }),
    })
  }
  const limit = ACTION_DEADLINE[action.kind]
  // Waits are counted in cloud time; an API call crosses a socket, and keeps the wall's.
  const counted = WAITS.has(action.kind) ? clock : clock.wall
  using time = deadline(counted, limit, () => overdue(what, limit), run.signal)
  try {
    await eventually(clock, time.signal, () => perform(action, contextOf(run, observed, time.signal)))
    outcome('done')
  } catch (thrown) {
    const cause = causeOf(thrown, run.signal, time.signal)
    outcome(run.signal.aborted ? 'interrupted' : 'failed', describeError(cause))
    throw cause
  }
}

/** The SDK reports an abort in words of its own; what is told is why it was aborted. */
function causeOf(thrown: unknown, interrupt: AbortSignal, limit: AbortSignal): unknown {
  if (interrupt.aborted) return interrupt.reason
  return limit.aborted && !(thrown instanceof SluiceError) ? limit.reason : thrown
}

const overdue = (what: string, limit: number): SluiceError =>
  new SluiceError('timeout', `gave up after ${formatDuration(limit)}: ${what}`)

const contextOf = (run: Convergence, observed: ServiceSnapshot, signal: AbortSignal): ActionContext => ({
  cloud: run.cloud,
  ref: run.ref,
  clients: run.cloud.region(run.ref.region),
  clock: run.cloud.clock,
  signal,
  observed,
  release: run.release,
  deployment: run.journal.deployment,
  waited: (wait, what, ms) => void run.journal.append({ type: 'waited', for: wait, what, ms }),
})
