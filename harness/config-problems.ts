import type { z } from 'zod'
import { SluiceError } from './errors.ts'

/** A problem of a config: where, what was expected, what was found. */
export interface Diagnostic {
  readonly path: string
  readonly message: string
}

/** What the schema found, in words of the config. */
export function describeIssue(issue: z.core.$ZodIssue, prefix = ''): Diagnostic[] {
  const at = (...more: PropertyKey[]): string =>
    [prefix, pathOf([...issue.path, ...more])].filter(Boolean).join(' ') || 'the config'
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: at(key), message: 'there is no such key' }))
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return [{ path: at(), message: `missing; expected ${issue.expected}` }]
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const inner = issue.errors.flat().find((each) => each.path.length === 0)
    return [{ path: at(), message: inner?.message ?? issue.message }]
  }
  return [{ path: at(), message: issue.message.replace(/^Invalid input: /, '') }]
}

const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    const name = String(key)
    return /^[A-Za-z_][\w-]*$/.test(name) ? (text ? `${text}.${name}` : name) : `${text}['${name}']`
  }, '')

/** All problems of a config in one error. */
export function configError(file: string, diagnostics: readonly Diagnostic[]): SluiceError {
  const lines = diagnostics.map(({ path, message }) => `  ${path}: ${message}`)
  const count = diagnostics.length === 1 ? 'a problem' : `${diagnostics.length} problems`
  return new SluiceError('config', `${file} has ${count}:\n${lines.join('\n')}`)
}
