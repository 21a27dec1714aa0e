import type { Timer, WallClock } from '../clock.ts'
import type { LongSpec } from '../probe.ts'
import type { EndedRequest } from './aggregate.ts'
import type { Ask } from './ask.ts'
import { questionOf } from './target.ts'

/** Wall milliseconds between two starts of a client, though its request takes no time or fails at once. */
const PACE = 1_000

/** Answers that say that a service has no such page. */
const NOT_OFFERED: readonly number[] = [401, 403, 404, 405, 501]

interface Parts {
  readonly spec: LongSpec
  readonly ask: Ask
  readonly versions: readonly string[]
  readonly wall: WallClock
  /** The stage in force. */
  readonly stage: () => string
  /** Counts a request, when it has ended, to the stage it was sent in. */
  readonly count: (stage: string, request: EndedRequest) => void
}

export interface LongRequests {
  /** Withdraws what is under way; it counts for nothing. */
  stop(): void
}

/**
 * Clients that each have one slow request under way, and the next when it has ended: whatever cuts requests off while
 * traffic shifts, a fleet drains or an instance ends meets them. A service that has no such page is not held to it.
 */
export function startLongRequests({ spec, ask, versions, wall, stage, count }: Parts): LongRequests {
  let offered: 'unknown' | 'yes' | 'no' = 'unknown'
  let stopped = false
  const page = questionOf({ path: spec.path, method: 'GET', expect: { status: 200 } }, versions, false)
  const question = {
    ...page,
    judge: (answer: Parameters<typeof page.judge>[0]) => {
      if (offered === 'unknown') offered = NOT_OFFERED.includes(answer.status) ? 'no' : 'yes'
      return page.judge(answer)
    },
  }
  const open = Array.from({ length: spec.open }, () => {
    let cancel = (): void => {}
    let timer: Timer = { cancel: () => undefined }
    const send = (): void => {
      const at = { stage: stage(), sent: wall.now() }
      cancel = ask(question, {
        started: () => undefined,
        ended(outcome, version, remark) {
          if (stopped || offered === 'no') return
          const latency = wall.now() - at.sent
          if (outcome !== 'unsent') count(at.stage, { lane: 'long', outcome, version, latency, remark })
          timer = wall.timer(Math.max(0, PACE - latency), send)
        },
      })
    }
    send()
    return {
      stop() {
        timer.cancel()
        cancel()
      },
    }
  })
  return {
    stop() {
      stopped = true
      for (const one of open) one.stop()
    },
  }
}
