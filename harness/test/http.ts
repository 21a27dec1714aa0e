import { type Answer, ask, entryUrl, type Question } from '../checks/ask.ts'
import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot, TestWay } from '../strategy.ts'

/** An answer of the service. */
export interface HttpAnswer extends Omit<Answer, 'body'> {
  text(): string
  /** Throws when the body is no JSON. */
  json(): unknown
}

/** Asks the service as its users do, over its entry; in a stage that has a test route, the fleet that is tested. Nothing is retried or followed; cookies are the caller's. */
export interface Http {
  readonly url: string
  get(path: string, question?: Omit<Question, 'method' | 'body'>): Promise<HttpAnswer>
  /** Sends a value as JSON. */
  post(path: string, value: unknown, question?: Omit<Question, 'method' | 'body'>): Promise<HttpAnswer>
  request(path: string, question?: Question): Promise<HttpAnswer>
}

export function httpOf(
  cloud: Cloud,
  service: ServiceSnapshot,
  signal?: AbortSignal,
  /** Past the users, where a stage has such a way. */
  test?: TestWay,
): Http {
  return httpAt(cloud, entryUrl(service, test?.listener), signal, test?.header)
}

/** The same at any address, with these headers always. */
export function httpAt(
  cloud: Cloud,
  url: string,
  signal?: AbortSignal,
  always: Readonly<Record<string, string>> = {},
): Http {
  const request: Http['request'] = async (path, question = {}) => {
    const headers = { ...always, ...question.headers }
    const { body, ...answer } = await ask(cloud, url + path, { signal, ...question, headers })
    return { ...answer, text: () => body, json: (): unknown => JSON.parse(body) }
  }
  return {
    url,
    request,
    get: (path, question) => request(path, question),
    post: (path, value, question = {}) =>
      request(path, {
        ...question,
        method: 'POST',
        headers: { 'content-type': 'application/json', ...question.headers },
        body: JSON.stringify(value),
      }),
  }
}
