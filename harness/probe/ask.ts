import type { Dispatcher } from 'undici'
import type { WallClock } from '../clock.ts'
import type { Outcome } from '../gate.ts'
import type { Answer, Judgement } from './expectation.ts'
import { judgeFailure, type Progress } from './outcome.ts'

/** Told of one request. `started` comes at most once and before `ended`; `ended` comes exactly once. */
export interface Report {
  /** The request is on its way over a connection. */
  started(): void
  /**
   * `version` is empty when no head of an answer arrived; `remark` says what was wrong, where there is more to say;
   * `answer`, what a name had been resolved to.
   */
  ended(outcome: Outcome | 'unsent', version: string, remark?: string, answer?: string): void
}

/** One request, and how its answer is judged. */
export interface Question {
  readonly path: string
  readonly method: Dispatcher.HttpMethod
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Asks for its connection to be closed. */
  readonly fresh?: boolean
  /** Whether the body is needed to judge it; it is empty otherwise. */
  readonly reads: boolean
  judge(answer: Answer): Judgement
}

/** Sends single requests, each once, never again; returns how to withdraw one, of which then nothing is reported. */
export type Ask = (question: Question, report: Report) => () => void

/** How much of a body is looked at. */
const BODY_LIMIT = 1024 * 1024

const HEADERS = { accept: '*/*', 'user-agent': 'sluice-probe' }

/** As whom requests are sent: headers that the next one carries beside its own. */
export type Guise = () => Readonly<Record<string, string>> | undefined

const nobody: Guise = () => undefined

/** `timeout` is in wall milliseconds, for a whole request. */
export function createAsk(
  dispatcher: Dispatcher,
  origin: string,
  timeout: number,
  wall: WallClock,
  guise: Guise = nobody,
): Ask {
  const tls = origin.startsWith('https:')
  return (question, report) => {
    const { path, method, headers, body, fresh = false } = question
    const handler = createHandler({ question, report, tls, timeout, wall })
    try {
      dispatcher.dispatch(
        {
          origin,
          path,
          method,
          headers: { ...HEADERS, ...headers, ...guise() },
          reset: fresh,
          // One deadline for the whole request is kept here; undici's own timers are too coarse.
          headersTimeout: 0,
          bodyTimeout: 0,
          ...(body === undefined ? {} : { body }),
        },
        handler,
      )
    } catch (error) {
      handler.onResponseError(undefined, error)
    }
    return handler.withdraw
  }
}

interface Asking {
  readonly question: Question
  readonly report: Report
  readonly tls: boolean
  readonly timeout: number
  readonly wall: WallClock
}

/** Only what of an answer is judged. */
interface Heard {
  status: number
  version: string
  headers: Answer['headers']
  size: number
  readonly chunks: Buffer[]
}

function createHandler({ question, report, tls, timeout, wall }: Asking) {
  const heard: Heard = { status: 0, version: '', headers: {}, size: 0, chunks: [] }
  let progress: Progress | 'ended' = 'connecting'
  let controller: Dispatcher.DispatchController | undefined

  const end = (outcome: Outcome | 'unsent', remark?: string): void => {
    progress = 'ended'
    timer.cancel()
    report.ended(outcome, heard.version, remark)
  }
  const timer = wall.timer(timeout, () => {
    end(progress === 'connecting' ? 'connect-timeout' : 'response-timeout')
    controller?.abort(new Error('the probe stopped waiting'))
  })

  return {
    withdraw(): void {
      if (progress === 'ended') return
      progress = 'ended'
      timer.cancel()
      controller?.abort(new Error('the probe withdrew the request'))
    },
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
    onResponseStart(_: unknown, status: number, headers: Answer['headers']): void {
      if (progress === 'ended' || status < 200) return
      progress = 'answering'
      heard.status = status
      heard.headers = headers
      heard.version = [headers['x-app-version'] ?? ''].flat()[0] ?? ''
    },
    onResponseData(_: unknown, chunk: Buffer): void {
      if (!question.reads || heard.size >= BODY_LIMIT) return
      heard.chunks.push(chunk)
      heard.size += chunk.length
    },
    onResponseEnd(): void {
      if (progress === 'ended') return
      const { status, version, headers, chunks } = heard
      const body = Buffer.concat(chunks).toString('utf8')
      const { outcome, remark } = question.judge({ status, version, headers, body })
      end(outcome, remark)
    },
    onResponseError(_: unknown, error: unknown): void {
      if (progress === 'ended') return
      end(judgeFailure(error, progress, tls))
    },
  }
}
