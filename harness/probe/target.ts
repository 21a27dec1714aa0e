import { createRequire } from 'node:module'
import type { ProbeTarget } from '../probe.ts'
import type { Question } from './ask.ts'
import type { Answer, Judgement } from './expectation.ts'

/** zod takes its time to load; who names no schema does not pay for it. */
const load = createRequire(import.meta.url)

/** What a target asks for, in the lane `fresh` or not. Throws when its schema is none. */
export function questionOf(target: ProbeTarget, versions: readonly string[], fresh: boolean): Question {
  const { path, method, headers, body, expect } = target
  const flaw = flawFinder(expect)
  const json = body === undefined ? undefined : JSON.stringify(body)
  const sent = { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...headers }
  return {
    path,
    method,
    fresh,
    reads: method !== 'HEAD' && (expect.bodyIncludes !== undefined || expect.schema !== undefined),
    ...(Object.keys(sent).length > 0 ? { headers: sent } : {}),
    ...(json === undefined ? {} : { body: json }),
    judge: (answer) => judge(`${method} ${path}`, answer, { status: expect.status, versions, flaw }),
  }
}

/** What of an answer is not as it must be, in words. */
type FlawFinder = (answer: Answer) => string | undefined

interface Measure {
  readonly status: number
  readonly versions: readonly string[]
  readonly flaw: FlawFinder
}

/** As the main page is judged, but that an answer may lack a version: what serves files often knows of none. */
function judge(what: string, answer: Answer, { status, versions, flaw }: Measure): Judgement {
  if (answer.status !== status) {
    const remark = `${what} was answered with ${answer.status}, not ${status}`
    if (answer.status < 500) return { outcome: 'wrong-status', remark }
    return { outcome: answer.version === '' ? 'elb-5xx' : 'target-5xx', remark }
  }
  if (answer.version !== '' && !versions.includes(answer.version)) return { outcome: 'unknown-version' }
  const found = flaw(answer)
  return found === undefined ? { outcome: 'ok' } : { outcome: 'wrong-body', remark: `${what}: ${found}` }
}

function flawFinder({ bodyIncludes, header = {}, schema }: ProbeTarget['expect']): FlawFinder {
  const heads = Object.entries(header).map(([name, text]) => [name.toLowerCase(), text] as const)
  const ofSchema = schema && schemaFlaws(schema)
  return ({ headers, body }) => {
    for (const [name, text] of heads) {
      const value = [headers[name] ?? []].flat().join(', ')
      if (!value.includes(text)) return `the header ${name} is ${JSON.stringify(value)}, without ${text}`
    }
    if (bodyIncludes !== undefined && !body.includes(bodyIncludes)) return `the body lacks ${bodyIncludes}`
    return ofSchema?.(body)
  }
}

function schemaFlaws(schema: Readonly<Record<string, unknown>>): (body: string) => string | undefined {
  const { z }: typeof import('zod') = load('zod')
  const type = z.fromJSONSchema(schema)
  return (body) => {
    let value: unknown
    try {
      value = JSON.parse(body)
    } catch {
      return 'the body is not JSON'
    }
    const issue = type.safeParse(value).error?.issues[0]
    if (!issue) return undefined
    const at = issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
    return `the body is not as its schema has it: ${at}${issue.message}`
  }
}
