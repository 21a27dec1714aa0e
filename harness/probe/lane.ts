import type { Dispatcher } from 'undici'
import type { WallClock } from '../clock.ts'
import type { Lane, Outcome } from '../gate.ts'
import type { ProbeSpec } from '../probe.ts'
import { judgeAnswer } from './expectation.ts'
import { judgeFailure, type Progress } from './outcome.ts'

/** Told of one request. `started` comes at most once and before `ended`; `ended` comes exactly once. */
interface Report {
  /** The request is on its way over a connection. */
  started(): void
  /** `version` is empty when no head of an answer arrived. */
  ended(outcome: Outcome | 'unsent', version: string): void
}

export type Send = (report: Report) => void

/** How much of a body is looked at for the expected text. */
const BODY_LIMIT = 1024 * 1024

/**
 * Sends single requests, each once, never again. In the lane `fresh` every request asks for its connection to be closed
 * and so needs a dispatcher of its own, or it would take an idle connection of the other lane.
 */
export function createLane(lane: Lane, dispatcher: Dispatcher, spec: ProbeSpec, wall: WallClock): Send {
  const url = new URL(spec.url)
  const request: Dispatcher.DispatchOptions = {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: 'GET',
    headers: { accept: '*/*', 'user-agent': 'sluice-probe' },
    reset: lane === 'fresh',
    // One deadline for the whole request is kept here; undici's own timers are too coarse.
    headersTimeout: 0,
    bodyTimeout: 0,
  }
  return (report) => {
    const handler = createHandler(spec, url.protocol === 'https:', wall, report)
    try {
      dispatcher.dispatch(request, handler)
    } catch (error) {
      handler.onResponseError(undefined, error)
    }
  }
}

/** Only what of an answer is judged. */
interface Heard {
  status: number
  version: string
  size: number
  readonly chunks: Buffer[]
}

function createHandler(spec: ProbeSpec, tls: boolean, wall: WallClock, report: Report) {
  const heard: Heard = { status: 0, version: '', size: 0, chunks: [] }
  let progress: Progress | 'ended' = 'connecting'
  let controller: Dispatcher.DispatchController | undefined

  const end = (outcome: Outcome | 'unsent'): void => {
    progress = 'ended'
    timer.cancel()
    report.ended(outcome, heard.version)
  }
  const timer = wall.timer(spec.timeout, () => {
    end(progress === 'connecting' ? 'connect-timeout' : 'response-timeout')
    controller?.abort(new Error('the probe stopped waiting'))
  })

  return {
    onRequestStart(begun: Dispatcher.DispatchController): void {
      // Given up while connecting: aborted here, it is never written.
      if (progress === 'ended') {
        begun.abort(new Error('the probe stopped waiting'))
        return
      }
      controller = begun
      progress = 'sent'
      report.started()
    },
    onResponseStart(
      _: unknown,
      status: number,
      headers: Record<string, string | string[] | undefined>,
    ): void {
      if (progress === 'ended' || status < 200) return
      progress = 'answering'
      heard.status = status
      heard.version = [headers['x-app-version'] ?? ''].flat()[0] ?? ''
    },
    onResponseData(_: unknown, chunk: Buffer): void {
      if (spec.expect.bodyIncludes === undefined || heard.size >= BODY_LIMIT) return
      heard.chunks.push(chunk)
      heard.size += chunk.length
    },
    onResponseEnd(): void {
      if (progress === 'ended') return
      const body = Buffer.concat(heard.chunks).toString('utf8')
      end(judgeAnswer({ status: heard.status, version: heard.version, body }, spec))
    },
    onResponseError(_: unknown, error: unknown): void {
      if (progress === 'ended') return
      end(judgeFailure(error, progress, tls))
    },
  }
}
