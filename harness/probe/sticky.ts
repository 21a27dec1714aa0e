import type { Dispatcher } from 'undici'
import type { WallClock } from '../clock.ts'
import type { ProbeSpec, StickySpec } from '../probe.ts'
import { createAsk, type Question } from './ask.ts'
import type { Answer, Judgement } from './expectation.ts'
import { pageOf, type Send } from './lane.ts'

/** Cookies of one client, by name. */
type Jar = Map<string, string>

/**
 * Clients in turn that keep their cookies, as browsers do: a load balancer's, which hold them to a fleet, and the
 * session's. One whose session is answered with another one, or ended, was logged out.
 */
export function createStickyLane(
  dispatcher: Dispatcher,
  spec: ProbeSpec,
  { clients, session }: StickySpec,
  wall: WallClock,
): Send {
  const ask = createAsk(dispatcher, new URL(spec.url).origin, spec.timeout, wall)
  const page = pageOf(spec, false)
  const jars = Array.from({ length: clients }, (): Jar => new Map())
  let turn = 0
  return (report) => {
    const jar = jars[turn++ % clients] ?? new Map<string, string>()
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const sent = session === undefined ? undefined : jar.get(session)
    const question: Question = {
      ...page,
      ...(cookie === '' ? {} : { headers: { cookie } }),
      judge(answer) {
        const judged = page.judge(answer)
        const given = cookiesOf(answer)
        for (const [name, value] of given) {
          if (value === '') jar.delete(name)
          else jar.set(name, value)
        }
        const anew = session === undefined ? undefined : given.get(session)
        const lost = sent !== undefined && anew !== undefined && anew !== sent
        return judged.outcome === 'ok' && lost ? loggedOut(answer, anew) : judged
      },
    }
    ask(question, report)
  }
}

const loggedOut = ({ version }: Answer, anew: string): Judgement => ({
  outcome: 'lost-session',
  remark: `${version} ${anew === '' ? 'ended' : 'replaced'} the session of a client that had one`,
})

/** Cookies that an answer sets; empty where it takes one away. Attributes but the age are for browsers. */
function cookiesOf({ headers }: Answer): ReadonlyMap<string, string> {
  const set = [headers['set-cookie'] ?? []].flat().flatMap((line): [string, string][] => {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const at = pair.indexOf('=')
    if (at < 1) return []
    const gone = attributes.some((attribute) => /^max-age=(0|-.*)$/i.test(attribute))
    return [[pair.slice(0, at), gone ? '' : pair.slice(at + 1)]]
  })
  return new Map(set)
}
