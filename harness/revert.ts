import { deadline } from './clock.ts'
import { describeAction, isShift } from './converge/action.ts'
import { groupExists } from './converge/existing.ts'
import { type Convergence, converge, journaled, observeFor } from './converge/index.ts'
import { observeService } from './converge/observe.ts'
import { order, urgentShift } from './converge/order.ts'
import { strayRoutes } from './converge/order-routes.ts'
import { type Course, changesInPlace } from './course.ts'
import type { DeploymentRun } from './deployment-run.ts'
import { describeError, SluiceError } from './errors.ts'
import { lastSeen } from './propagation.ts'
import type { Stop } from './stop.ts'
import type { ServiceSnapshot, Target } from './strategy.ts'

/** When it was decided to go back, in cloud and wall time. */
export interface Decided {
  readonly at: number
  readonly wallAt: number
}

/** How often the way back is tried before a person is asked for. Pauses double, in cloud time. */
const ATTEMPTS = 6
const PAUSE = 2_000
/** Wall milliseconds for a look at what may be left: retries of throttled calls included. */
const LOOK_WITHIN = 60_000

/**
 * Takes sites back to the baseline, group after group: the next begins when the one before has its traffic back, and
 * what remains to be done goes on side by side. Returns what is left to be done by a person: nothing, when all is restored.
 */
export async function revert(
  { journal, interrupt }: Pick<DeploymentRun, 'journal' | 'interrupt'>,
  groups: readonly (readonly Course[])[],
  stage: string,
  stop: Stop | undefined,
  decided: Decided,
): Promise<readonly string[]> {
  journal.tolerate()
  journal.append({
    type: 'revert-started',
    cause: stop?.cause ?? 'error',
    stage,
    sentence: stop?.sentence ?? String(interrupt.reason),
    detectedAt: stop?.detectedAt ?? decided.at,
    decidedAt: decided.at,
    decidedWallAt: decided.wallAt,
  })
  const ending: Promise<readonly string[]>[] = []
  for (const group of groups) {
    const begun = group.map((course) => {
      const restored = Promise.withResolvers<void>()
      const ended = course.run
        .apart(() => takeBack(course, decided, restored.resolve))
        .catch((thrown: unknown) => [describeError(thrown)])
        .finally(restored.resolve)
      ending.push(ended.then((left) => left.map((what) => course.tell(what))))
      return restored.promise
    })
    await Promise.all(begun)
  }
  return (await Promise.all(ending)).flat()
}

/** Takes one site back. `onRestored` is called when it has its traffic; whatever goes wrong is in what is returned. */
async function takeBack(
  course: Course,
  decided: Decided,
  onRestored: () => void,
): Promise<readonly string[]> {
  const { plan, cloud } = course.run
  const target = course.target(plan.baseline)
  // The way back is not interrupted by what stopped the way forward, and has deadlines of its own.
  const run = course.convergence(new AbortController().signal, undefined)
  let trouble: unknown
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      await restore(course, run, target, { decided, onRestored })
      return []
    } catch (thrown) {
      trouble = thrown
      // Another deployment holds the service now: whatever is done here would be done behind its back.
      if (thrown instanceof SluiceError && thrown.code === 'busy')
        return [`${thrown.message}; it decides what becomes of the service`]
      course.note('warning', `the way back met a problem (attempt ${attempt + 1}): ${describeError(thrown)}`)
      await cloud.clock.sleep(PAUSE * 2 ** attempt)
      course.last = await lookAgain(course)
    }
  }
  const left = order(course.last, target, 'back').map(describeAction)
  return [...left, `the last problem was: ${describeError(trouble)}`]
}

interface Restoring {
  readonly decided: Decided
  readonly onRestored: () => void
}

async function restore(
  course: Course,
  run: Convergence,
  target: Target,
  restoring: Restoring,
): Promise<void> {
  const { calls } = course.run
  const { probe } = course.site
  const known = course.last
  const writes = (): number => calls().writes
  // Where a fleet may be at 0, what is known is no ground for routing to it; where it was changed in place, it has
  // the traffic, and not yet the release.
  if (!target.downtime && !changesInPlace(target))
    course.last = await restoreTraffic(course, run, target, restoring, writes)
  if (!target.downtime) await course.unlessProbeFails(() => probe.enter('reverted'))
  let restored = course.last !== known
  if (hadItAll(known, target)) restoring.onRestored()
  const before = writes()
  const note = (made: number): void => {
    if (!restored) noteRestored(course, restoring, made)
    restored = true
  }
  const onDone: Convergence['onDone'] = async (action, observed) => {
    await run.onDone?.(action, observed)
    if (isShift(action)) note(writes() - before)
  }
  await clearRemains(course, run, target)
  const back = { ...run, ...course.goingDown('reverted', target, 'back'), onDone }
  const had = course.last.fleets
  const observed = await observeFor(run, target)
  course.last = await converge(back, target, 'back', observed)
  // A fleet that somebody else has deleted leaves what stood behind it; only now nothing forwards to that.
  for (const { name: fleet, owned } of had) {
    const vanished = owned && !target.fleets[fleet] && observed.fleets.every(({ name }) => name !== fleet)
    if (vanished) await journaled(run, { kind: 'clear-remains', fleet }, course.last)
  }
  await nothingLeft(course, target)
  if (target.downtime) await course.unlessProbeFails(() => probe.enter('reverted'))
  note(hadItAll(known, target) ? 0 : writes() - before)
  await course.unlessProbeFails(() => lastSeen(course, restoring.decided))
}

/** A fleet that no look showed may be there all the same: looks can be stale. What is left is looked for again. */
async function nothingLeft(course: Course, target: Target): Promise<void> {
  const { before, ref } = course.site
  if (before.fleets[0]?.kind !== 'group') return
  const { cloud } = course.run
  const late = (): Error =>
    new SluiceError('timeout', `whether anything of ${course.scope} is left could not be seen in time`)
  using time = deadline(cloud.clock.wall, LOOK_WITHIN, late)
  const clients = cloud.region(ref.region)
  const named = new Set(course.stagesHere().flatMap((stage) => Object.keys(course.target(stage).fleets)))
  for (const fleet of named) {
    if (target.fleets[fleet] || !(await groupExists(clients, fleet, time.signal))) continue
    throw new SluiceError('cloud', `${fleet} is there still, though a look at the service did not show it`)
  }
}

/** What this deployment was cut off from creating, or from removing, is no fleet, and so no target speaks of it. */
async function clearRemains(course: Course, run: Convergence, target: Target): Promise<void> {
  const named = course.stagesHere().flatMap((stage) => Object.keys(course.target(stage).fleets))
  const known = new Set([...Object.keys(target.fleets), ...course.last.fleets.map(({ name }) => name)])
  for (const fleet of new Set(named)) {
    if (!known.has(fleet)) await journaled(run, { kind: 'clear-remains', fleet }, course.last)
  }
}

/** The service as it is; when the cloud does not say, as it was known. */
async function lookAgain(course: Course): Promise<ServiceSnapshot> {
  try {
    return await observeService(course.run.cloud, course.site.ref)
  } catch (thrown) {
    course.note('warning', `the service cannot be observed: ${describeError(thrown)}`)
    return course.last
  }
}

/** Notes that the old release has all the traffic, with the calls that this took: none where it never lost any. */
function noteRestored(course: Course, { decided, onRestored }: Restoring, calls: number): void {
  const { clock } = course.run.cloud
  course.run.journal.append({
    type: 'traffic-restored',
    ...course.mark,
    calls,
    afterVerdictMs: clock.now() - decided.at,
    afterVerdictWallMs: clock.wall.now() - decided.wallAt,
  })
  onRestored()
}

/**
 * Gives all traffic back to the old release at once, with what is known already: one call, before anything is looked
 * at or repaired. Does nothing when the traffic is there, or when the old fleet must first get its capacity back. Returns the service as it then is.
 */
async function restoreTraffic(
  course: Course,
  run: Convergence,
  target: Target,
  restoring: Restoring,
  writes: () => number,
): Promise<ServiceSnapshot> {
  const known = course.last
  const shifts = urgentShift(known, target)
  const routes = strayRoutes(known, target)
  if (shifts.length === 0 && routes.length === 0) return known
  const before = writes()
  for (const shift of shifts) await journaled(run, shift, known)
  for (const action of routes) await journaled(run, action, known)
  noteRestored(course, restoring, writes() - before)
  const { routes: _, listeners: __, ...rest } = known
  return { ...rest, shares: shifts.at(-1)?.shares ?? known.shares }
}

/** Whether only fleets that shall have traffic had any, and run what they shall; where one had to stop, nobody can say so. */
const hadItAll = (known: ServiceSnapshot, target: Target): boolean =>
  target.downtime === undefined &&
  !changesInPlace(target) &&
  strayRoutes(known, target).length === 0 &&
  Object.entries(known.shares).every(([name, share]) => share === 0 || (target.traffic.shares[name] ?? 0) > 0)
