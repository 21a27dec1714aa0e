import { type Answer, ask, entryUrl, type Question } from '../checks/ask.ts'
import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'

/** An answer of the service. */
export interface HttpAnswer extends Omit<Answer, 'body'> {
  text(): string
  /** Throws when the body is no JSON. */
  json(): unknown
}

/** Asks the service as its users do, over its entry. Nothing is retried or followed; cookies are the caller's. */
export interface Http {
  readonly url: string
  get(path: string, question?: Omit<Question, 'method' | 'body'>): Promise<HttpAnswer>
  /** Sends a value as JSON. */
  post(path: string, value: unknown, question?: Omit<Question, 'method' | 'body'>): Promise<HttpAnswer>
  request(path: string, question?: Question): Promise<HttpAnswer>
}

export function httpOf(cloud: Cloud, service: ServiceSnapshot, signal?: AbortSignal): Http {
  const url = entryUrl(service)
  const request: Http['request'] = async (path, question = {}) => {
    const { body, ...answer } = await ask(cloud, url + path, { signal, ...question })
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
