import { type Answer, first } from './ask.ts'

/** Share of the reference page's words that another page must have to count as the same page. */
const ENOUGH_WORDS = 0.5

/**
 * How a page differs from a reference in kind, in words; undefined when it does not. A new release may say something
 * else, so contents are not compared: status, content type, the fields of JSON, and most of the words of a text are.
 */
export function differenceFrom(reference: Answer, page: Answer): string | undefined {
  if (page.status !== reference.status) return `status ${page.status} instead of ${reference.status}`
  const [type, other] = [contentType(reference), contentType(page)]
  if (type !== other)
    return `${other || 'no content type'} instead of ${type || 'none'}: ${excerpt(page.body)}`
  if (type.endsWith('json')) return missingField(parsed(reference.body), parsed(page.body), '')
  return type.startsWith('text/') ? missingWords(reference.body, page.body) : undefined
}

const contentType = (answer: Answer): string =>
  (first(answer.headers['content-type']) ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

const excerpt = (body: string): string => JSON.stringify(body.length > 60 ? `${body.slice(0, 60)}…` : body)

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined // What is no JSON has the type `undefined`, and so differs from what is.
  }
}

function missingField(reference: unknown, page: unknown, path: string): string | undefined {
  const [wanted, found] = [kindOf(reference), kindOf(page)]
  if (wanted === 'null') return undefined
  if (wanted !== found) return `${path || 'the body'} is ${found} instead of ${wanted}`
  if (wanted !== 'object') return undefined
  for (const [key, value] of Object.entries(reference as object)) {
    const field = path ? `${path}.${key}` : key
    if (!Object.hasOwn(page as object, key)) return `field ${field} is missing`
    const deeper = missingField(value, (page as Record<string, unknown>)[key], field)
    if (deeper) return deeper
  }
  return undefined
}

const kindOf = (value: unknown): string =>
  value === null ? 'null' : value === undefined ? 'not JSON' : Array.isArray(value) ? 'list' : typeof value

function missingWords(reference: string, page: string): string | undefined {
  const wanted = wordsOf(reference)
  if (wanted.size === 0) return undefined
  const found = wordsOf(page)
  const common = [...wanted].filter((word) => found.has(word)).length
  if (common / wanted.size >= ENOUGH_WORDS) return undefined
  return `only ${common} of its ${wanted.size} words are there: ${excerpt(page)}`
}

/** Words of letters: numbers, versions and ids change between answers. */
const wordsOf = (text: string): ReadonlySet<string> =>
  new Set(text.toLowerCase().match(/(?<![\p{L}\p{N}])\p{L}{2,}(?![\p{L}\p{N}])/gu) ?? [])
