import type { Findings } from '../checks/finding.ts'
import { type Clock, deadline } from '../clock.ts'
import { SluiceError } from '../errors.ts'

/** What was seen, and when first: cloud milliseconds after the first look. */
interface LogLine {
  readonly after: number
  readonly findings: Findings
}

export interface Settled {
  /** Empty when nothing is to complain of. */
  readonly findings: Findings
  /** Every look that saw something else than the one before. */
  readonly log: readonly LogLine[]
  readonly looks: number
  /** Cloud milliseconds. */
  readonly took: number
}

export interface Patience {
  readonly clock: Clock
  /** Cloud milliseconds until what is not yet right counts as wrong. */
  readonly timeout: number
  readonly signal?: AbortSignal | undefined
}

/** Cloud milliseconds between looks, and wall milliseconds at least, so that a fast clock does not flood the API. */
const INTERVAL = 1_000
const INTERVAL_WALL = 10

/** Wall milliseconds that a look may take at least, however little patience there is. */
const LOOK = 20_000

/**
 * Looks until nothing is to complain of, a fact is found (which no waiting changes, nor what the cloud lacks), or the time is up. Looks once at
 * least; one that does not end is cut off, and what the one before saw stands.
 */
export async function settle(
  look: (signal: AbortSignal) => Promise<Findings>,
  { clock, timeout, signal }: Patience,
): Promise<Settled> {
  const longest = Math.max(LOOK, timeout / clock.scale)
  const late = (): Error => new SluiceError('timeout', `nothing was seen within ${longest / 1000} s`)
  using limit = deadline(clock.wall, longest, late, signal)
  const start = clock.now()
  const log: LogLine[] = []
  for (let looks = 1; ; looks++) {
    const findings = await unlessLate(look, limit.signal, log.at(-1)?.findings)
    signal?.throwIfAborted()
    const took = clock.now() - start
    if (text(findings) !== text(log.at(-1)?.findings)) log.push({ after: took, findings })
    const lacking = findings.length > 0 && findings.every(({ lacks }) => lacks !== undefined)
    const decided = findings.length === 0 || lacking || findings.some((each) => each.severity === 'wrong')
    if (decided || took >= timeout || limit.signal.aborted) return { findings, log, looks, took }
    await Promise.all([
      clock.sleep(INTERVAL, limit.signal),
      clock.wall.sleep(INTERVAL_WALL, limit.signal),
    ]).catch(() => undefined) // The next look tells who aborted.
  }
}

async function unlessLate(
  look: (signal: AbortSignal) => Promise<Findings>,
  signal: AbortSignal,
  before: Findings | undefined,
): Promise<Findings> {
  try {
    return await look(signal)
  } catch (thrown) {
    if (signal.aborted && before) return before
    throw signal.aborted ? signal.reason : thrown
  }
}

const text = (findings: Findings | undefined): string => JSON.stringify(findings ?? null)
