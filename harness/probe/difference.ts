/**
 * The first place where `read` does not have what `written` has, in words; undefined when it has it all. What is new
 * in it is no difference: a release may add to what an older one wrote.
 */
export function firstDifference(written: unknown, read: unknown, path = ''): string | undefined {
  if (!isObject(written) || !isObject(read) || Array.isArray(written) !== Array.isArray(read)) {
    return Object.is(written, read) ? undefined : say(path, written, read)
  }
  if (Array.isArray(written) && Array.isArray(read) && written.length !== read.length) {
    return say(path, written, read)
  }
  for (const [key, value] of Object.entries(written)) {
    const there = Object.hasOwn(read, key) ? read[key] : undefined
    const difference = firstDifference(value, there, path === '' ? key : `${path}.${key}`)
    if (difference !== undefined) return difference
  }
  return undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const say = (path: string, written: unknown, read: unknown): string =>
  `${path === '' ? 'it' : path} was ${show(written)} and is ${show(read)}`

const SHOWN = 60

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'not there'
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}
