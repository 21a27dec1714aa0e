import { deadline } from './clock.ts'
import type { Course } from './course.ts'
import { downtimeOf, isAnnounced } from './downtime.ts'
import { formatDuration } from './duration.ts'
import { SluiceError } from './errors.ts'
import type { StageRef } from './gate.ts'
import type { Decided } from './revert.ts'
import type { ServiceSnapshot } from './strategy.ts'

/** Wall milliseconds. Weights are in force within seconds, with no published bound. */
const CONFIRM_WITHIN = 30_000
const LOOK_INTERVAL = 50
/** Answers in a row, and cloud milliseconds, that must show no sign of a release that gets no traffic any more. */
const QUIET_ANSWERS = 10
const QUIET_FOR = 5_000

/** What traffic is filed under from when it begins to follow the weights of a stage until it does. */
export const settlingOf = (stage: string): string => `shifting to ${stage}`

type Watched = Pick<Course, 'run' | 'site' | 'mark'>

/**
 * The API reading back a weight is no proof that traffic follows it. Where a fleet has lost all of its traffic, waits
 * until the probe sees none of its answers: only then may it be drained. Shares above 0 are judged by the gate. At the
 * end of downtime, waits until requests are answered at all; that they are is for the gate to judge.
 */
export async function confirmShift(
  { run, site }: Watched,
  before: ServiceSnapshot,
  after: ServiceSnapshot,
  { name: stage, downtime }: Pick<StageRef, 'name' | 'downtime'>,
  signal: AbortSignal,
): Promise<void> {
  const lost = after.fleets
    .filter((fleet) => (after.shares[fleet.name] ?? 0) === 0 && (before.shares[fleet.name] ?? 0) > 0)
    .map((fleet) => fleet.release)
  // Where no traffic flows there is none to follow: the weights read back are all there is.
  if (lost.length === 0 || !run.cloud.supports('data-plane').ok) return
  const { clock } = run.cloud
  const started = clock.now()
  // Until it follows, traffic is filed apart: the stage is judged by what its weights brought about.
  const settling = downtime ? downtimeOf(stage) : settlingOf(stage)
  await site.probe.enter(settling)
  let quiet = 0
  let quietSince = started
  let straggling = false
  const stop = site.view.onChange((bucket) => {
    if (bucket.stage !== settling) return
    const old = bucket.counts.some((count) => lost.includes(count.version))
    straggling = straggling || old
    const late = old || bucket.counts.some((count) => isAnnounced(settling, count))
    quiet = late ? 0 : quiet + bucket.counts.reduce((sum, count) => sum + count.n, 0)
    if (late) quietSince = bucket.to
  })
  using time = deadline(
    clock.wall,
    CONFIRM_WITHIN,
    () =>
      new SluiceError(
        'cloud',
        `${after.entry.via === 'dns' ? 'users are still led' : 'the load balancer still sends traffic'} to ${lost.join(', ')} ${formatDuration(CONFIRM_WITHIN)} after it was to get none`,
        {
          hint:
            after.entry.via === 'dns'
              ? 'look for resolvers that keep answers for longer than their TTL'
              : 'look for sticky sessions, or for another rule that forwards to it',
        },
      ),
    signal,
  )
  try {
    while (quiet < QUIET_ANSWERS || clock.now() - quietSince < QUIET_FOR) {
      await clock.wall.sleep(LOOK_INTERVAL, time.signal)
      await site.probe.flush()
    }
  } catch (thrown) {
    if (signal.aborted || !time.signal.aborted || straggling || !downtime) throw thrown
  } finally {
    stop()
    run.journal.append({ type: 'waited', for: 'propagation', what: stage, ms: clock.now() - started })
  }
}

/** Records when the probe last saw an answer of the release that was given up. */
export async function lastSeen({ run, site, mark }: Watched, decided: Decided): Promise<void> {
  await site.probe.flush()
  const { clock } = run.cloud
  const { version } = site.release
  const at = site.view.lastAnswer(version)
  if (at === undefined) return
  const afterVerdictMs = Math.max(0, at - decided.at)
  run.journal.append({
    type: 'last-seen',
    ...mark,
    version,
    afterVerdictMs,
    afterVerdictWallMs: afterVerdictMs / clock.scale,
  })
}
