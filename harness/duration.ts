import { z } from 'zod'

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/

/** Milliseconds of a duration like `5m`, `1h30m` or `500ms`; `undefined` when it is none. */
export function parseDuration(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(PART)) {
    total += Number(amount) * UNITS[unit as keyof typeof UNITS]
  }
  return total
}

/** A duration in a config: `5m`, or a number of milliseconds. Comes out as milliseconds. */
export const duration = z.union([z.string(), z.number()]).transform((value, context) => {
  const ms = typeof value === 'number' ? value : parseDuration(value.trim())
  if (ms !== undefined && Number.isFinite(ms) && ms >= 0) return ms
  context.addIssue({
    code: 'custom',
    message: `expected a duration such as '30s', '5m' or '1h30m', got ${JSON.stringify(value)}`,
  })
  return z.NEVER
})

/** For people: `450 ms`, `12.3 s`, `5 m 20 s`, `1 h 5 m`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${trim(ms / 1_000)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return pair(Math.floor(seconds / 60), 'm', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm')
}

const trim = (value: number): string => value.toFixed(1).replace(/\.0$/, '')

const pair = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`
