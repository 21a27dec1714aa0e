/** Numbers as people read them. The same wording in every report, so that two reports can be compared by eye. */

export const count = (n: number): string => Math.round(n).toLocaleString('en-US')

/** `1 check`, `12 checks`. */
export const counted = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`

/** A share of 1 as a percentage with two significant digits: `0.012 %`, `5 %`. */
export function percent(share: number): string {
  const value = share * 100
  if (value === 0) return '0 %'
  if (value >= 10) return `${Number(value.toFixed(1))} %`
  return `${Number(value.toPrecision(2))} %`
}

/** Milliseconds as `31 ms`, `4.2 s`, `5m 03s`, `1h 05m`. */
export function duration(ms: number): string {
  const rounded = Math.round(ms)
  if (rounded < 1000) return ms > 0 && ms < 10 ? `${Number(ms.toPrecision(2))} ms` : `${rounded} ms`
  if (rounded < 59_950) return `${(rounded / 1000).toFixed(1)} s`
  const seconds = Math.round(rounded / 1000)
  const two = (n: number): string => String(n).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
  return `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`
}

/** With 95 % confidence the true rate is below 3/n when n requests showed no failure (the rule of three). */
export const zeroFailureBound = (n: number): number => Math.min(1, 3 / n)

/** The first line of a message, without what colours it in a terminal. */
export function firstLine(text: string): string {
  const line = plain(text)
    .split('\n')
    .find((each) => each.trim() !== '')
  return line?.trim() ?? ''
}

/** Text without terminal escape sequences or other control characters, but with its line ends and tabs. */
export function plain(text: string): string {
  return text.replace(ESCAPES, '').replace(CONTROLS, '')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be removed
const ESCAPES = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to be removed
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g
