import { type Dispatcher, request } from 'undici'
import { deadline } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { SluiceError } from '../errors.ts'
import type { ServiceSnapshot } from '../strategy.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  /** What the application says it is in `x-app-version` and `x-instance-id`; absent when no target answered. */
  readonly version: string | undefined
  readonly instanceId: string | undefined
}

export interface Question {
  readonly method?: Dispatcher.HttpMethod
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal | undefined
  /** Wall milliseconds until the answer must be complete. */
  readonly timeout?: number
}

const TIMEOUT = 5_000

/** One request as a client would send it; never repeated. Throws what the way there threw. */
export async function ask(cloud: Cloud, url: string, question: Question = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body = null, timeout = TIMEOUT } = question
  using limit = deadline(
    cloud.clock.wall,
    timeout,
    () => new SluiceError('timeout', `${method} ${url} was not answered within ${timeout} ms`),
    question.signal,
  )
  const { signal } = limit
  const response = await request(url, { dispatcher: cloud.dispatcher, method, headers, body, signal })
  const text = await response.body.text()
  return {
    status: response.statusCode,
    headers: response.headers,
    body: text,
    version: first(response.headers['x-app-version']),
    instanceId: first(response.headers['x-instance-id']),
  }
}

export const first = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value

/** Base URL of the service as users reach it, or as its load balancer listens on another port. */
export function entryUrl(service: ServiceSnapshot, port: number = service.entry.port): string {
  const { dnsName, protocol } = service.entry
  const secure = protocol === 'HTTPS' || protocol === 'TLS'
  return `${secure ? 'https' : 'http'}://${dnsName}${port === (secure ? 443 : 80) ? '' : `:${port}`}`
}

/** An answer, or why there was none. */
export type Asked =
  | { readonly answer: Answer; readonly error?: undefined }
  | { readonly answer?: undefined; readonly error: Error }

/** As `ask`, but what was thrown is returned; only an abort passes through. */
export async function tryAsk(cloud: Cloud, url: string, question: Question = {}): Promise<Asked> {
  try {
    return { answer: await ask(cloud, url, question) }
  } catch (thrown) {
    if (question.signal?.aborted || !(thrown instanceof Error)) throw thrown
    return { error: thrown }
  }
}

/** Asks `n` times, at most `limit` at once. */
export async function askMany(
  n: number,
  limit: number,
  each: (index: number) => Promise<Asked>,
): Promise<readonly Asked[]> {
  const answers: Asked[] = new Array(n)
  await inLanes(n, limit, async (index) => {
    answers[index] = await each(index)
  })
  return answers
}

/** Does something `n` times, at most `limit` at once. */
export async function inLanes(
  n: number,
  limit: number,
  each: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < n; index = next++) await each(index)
  }
  await Promise.all(Array.from({ length: Math.min(n, limit) }, lane))
}
