import type { Cloud } from '../cloud.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { type Answer, first } from './ask.ts'
import { lacking } from './check.ts'
import { DEFAULT_LIMIT, errorShare, isError } from './error-share.ts'
import { type Findings, looking, wrong } from './finding.ts'
import { askEach, didAnswer, isNotOffered, type Place, placesOf, type Reply } from './offered.ts'
import type { RouteOptions } from './writes-readable.ts'

export interface SessionOptions extends RouteOptions {
  /** Path of the main page, which hands out the cookie. */
  readonly path: string
}

/**
 * A session that one release opened is known to the others: nobody is logged out by a shift. The main page hands it
 * out as a cookie; a service that hands out none is not held to it.
 */
export async function sessionKept(
  cloud: Cloud,
  service: ServiceSnapshot,
  options: SessionOptions,
): Promise<Findings> {
  const { signal, path, limit = DEFAULT_LIMIT } = options
  const subject = `${service.scope} session`
  const expected = 'a session to survive a change of release'
  const lacks = lacking(cloud, service, ['data-plane'], expected)
  if (lacks.length > 0) return lacks
  return looking({ subject, expected, signal }, async () => {
    const places = await placesOf(cloud, service, options)
    const opened = await askEach(cloud, places, path, { signal })
    const kept = await Promise.all(
      opened.map(async (open): Promise<Findings> => {
        const cookie = isError(open.asked) ? undefined : cookieOf(open.asked.answer)
        return cookie === undefined ? [] : follow(cloud, places, { subject, path, open, cookie, signal })
      }),
    )
    return [
      ...without(subject, opened),
      ...errorShare(
        subject,
        opened.map(({ asked }) => asked),
        limit,
      ),
      ...kept.flat(),
    ]
  })
}

/** One release that opens no session where others do: its users are never logged in. */
function without(subject: string, opened: readonly Reply[]): Findings {
  const answered = opened.filter(didAnswer)
  const bare = answered.filter(({ asked }) => cookieOf(asked.answer) === undefined)
  if (bare.length === answered.length) return []
  const hint = 'another instance of the service hands one out'
  return bare.map(({ name }) =>
    wrong({ subject, expected: 'a session cookie', seen: `${name} hands out none`, hint }),
  )
}

interface Opened {
  readonly subject: string
  readonly path: string
  readonly open: Reply
  readonly cookie: string
  readonly signal: AbortSignal | undefined
}

/** A cookie that was honoured is not handed out anew, and `/session`, where there is one, knows it. */
async function follow(
  cloud: Cloud,
  places: readonly Place[],
  { subject, path, open, cookie, signal }: Opened,
): Promise<Findings> {
  const question = { headers: { cookie }, signal }
  const [pages, sessions] = await Promise.all([
    askEach(cloud, places, path, question),
    askEach(cloud, places, '/session', question),
  ])
  const expected = `the session that ${open.name} opened to be known`
  const hint = 'the releases do not share their sessions: users are logged out as traffic shifts'
  const anew = pages
    .filter((page) => didAnswer(page) && nameOf(cookieOf(page.asked.answer)) === nameOf(cookie))
    .map((page) => wrong({ subject, expected, seen: `${page.name} opened another one`, hint }))
  if (sessions.every(isNotOffered)) return anew
  const strange = sessions
    .filter((reply) => didAnswer(reply) && reply.asked.answer?.status !== 200)
    .map(({ name, asked }) =>
      wrong({ subject, expected, seen: `${name} answered ${asked.answer?.status}`, hint }),
    )
  return [...anew, ...strange]
}

/**
 * `name=value` of the session cookie, known by its name: others (of a load balancer, against request forgery) may be
 * handed out anew with every answer.
 */
function cookieOf(answer: Answer | undefined): string | undefined {
  const header = answer?.headers['set-cookie']
  const all = header === undefined ? [] : Array.isArray(header) ? header : [header]
  return all
    .map((each) => each.split(';')[0] ?? '')
    .find((each) => /^[^=]*(session|sess|sid)[^=]*=/i.test(each))
}

const nameOf = (cookie: string | undefined): string | undefined => first(cookie?.split('='))
