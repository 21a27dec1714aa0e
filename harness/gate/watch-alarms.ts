import type { Finding, Findings } from '../checks/finding.ts'
import type { Clock } from '../clock.ts'
import { SluiceError } from '../errors.ts'
import type { Evidence, Thresholds } from '../gate.ts'

/** The CloudWatch alarms that gates are judged by. */
export interface Alarms {
  readonly names: readonly string[]
  readonly look: (signal: AbortSignal) => Promise<Findings>
  /** Whether a cloud without alarms keeps gates shut. */
  readonly notRun?: Thresholds['notRun']
}

/** Cloud milliseconds between two looks: alarms change every 10 s at most. And wall milliseconds at least. */
const EVERY = 5_000
const EVERY_WALL = 100

const METRIC = 'alarms'

/**
 * Looks at alarms for as long as it is not disposed of, and tells of those in ALARM. What cannot be seen now is no news:
 * the closing look judges it.
 */
export function watchAlarms(
  alarms: Alarms,
  clock: Clock,
  onRing: (evidence: readonly Evidence[]) => void,
  onError: (thrown: unknown) => void,
): Disposable {
  const watch = new AbortController()
  const { signal } = watch
  const looking = async (): Promise<void> => {
    while (!signal.aborted) {
      const rung = (await alarms.look(signal)).filter(({ severity }) => severity === 'wrong')
      if (signal.aborted) return
      if (rung.length > 0) return onRing(rung.map(tell('failed')))
      await Promise.all([clock.sleep(EVERY, signal), clock.wall.sleep(EVERY_WALL, signal)])
    }
  }
  looking().catch((thrown: unknown) => {
    if (!signal.aborted) onError(thrown)
  })
  return { [Symbol.dispose]: () => watch.abort(new SluiceError('interrupted', 'alarms are watched no more')) }
}

/** What alarms say in the end: only those that are all OK let a gate open. */
export async function judgeAlarms(
  { names, look, notRun }: Alarms,
  signal: AbortSignal,
): Promise<readonly Evidence[]> {
  const findings = await look(signal)
  if (findings.length === 0) {
    const which = names.length === 1 ? `the alarm ${names[0]} is` : `the alarms ${names.join(', ')} are`
    return [{ metric: METRIC, status: 'passed', sentence: `${which} OK` }]
  }
  const excused = (finding: Finding): boolean => notRun === 'allow' && finding.lacks !== undefined
  return findings
    .filter((finding) => !excused(finding))
    .map((finding) => tell(finding.severity === 'wrong' ? 'failed' : 'inconclusive')(finding))
}

/** A signal that aborts with a `breach` as soon as this one does, or an alarm goes off while no gate is being judged. */
export function alsoWatchAlarms(
  traffic: Disposable & { readonly signal: AbortSignal },
  alarms: Alarms,
  clock: Clock,
): Disposable & { readonly signal: AbortSignal } {
  const own = new AbortController()
  const watch = watchAlarms(
    alarms,
    clock,
    ([first]) => own.abort(new SluiceError('breach', first?.sentence ?? METRIC)),
    (thrown) => own.abort(thrown),
  )
  return {
    signal: AbortSignal.any([traffic.signal, own.signal]),
    [Symbol.dispose]: () => {
      watch[Symbol.dispose]()
      traffic[Symbol.dispose]()
    },
  }
}

const tell =
  (status: 'failed' | 'inconclusive') =>
  ({ subject, seen, hint }: Finding): Evidence => ({
    metric: METRIC,
    status,
    sentence: status === 'failed' ? `${subject} went off: ${seen}` : `${subject}: ${seen} (${hint})`,
  })
