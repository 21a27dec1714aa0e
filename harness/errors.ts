/**
 * Who has to act when Sluice stops:
 *
 * - `usage`, `config`, `precondition`: the user; nothing was touched (exit 2)
 * - `cloud`: the cloud answered with an error or not at all
 * - `timeout`: a wait reached its deadline
 * - `unhealthy`: the release did not become healthy: a closed gate, not a fault of the cloud (exit 3)
 * - `breach`: traffic proved harm while no gate was being judged (exit 3)
 * - `interrupted`: a signal or an abort from another terminal
 * - `busy`: another deployment holds the service (exit 6)
 * - `unsupported`: this cloud or this version of Sluice cannot do it; the message names what (exit 2)
 * - `internal`: Sluice itself is wrong (exit 1)
 */
export type ErrorCode =
  | 'usage'
  | 'config'
  | 'precondition'
  | 'cloud'
  | 'timeout'
  | 'unhealthy'
  | 'breach'
  | 'interrupted'
  | 'busy'
  | 'unsupported'
  | 'internal'

interface SluiceErrorOptions {
  readonly cause?: unknown
  /** What the reader should do next, as a sentence. */
  readonly hint?: string
}

/** The one error that Sluice throws. `message` says what happened and where, `hint` what to do next. */
export class SluiceError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, options: SluiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SluiceError'
    this.code = code
    this.hint = options.hint
  }
}

/** One sentence for a thing that was thrown: its message, with the service's own code where it has one. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const named =
    thrown.name !== 'Error' && thrown.name !== 'SluiceError' && !thrown.message.startsWith(thrown.name)
  const text = thrown.message || thrown.name
  const own = named && thrown.message ? `${thrown.name}: ${text}` : text
  return thrown instanceof AggregateError && !thrown.message
    ? thrown.errors.map(describeError).join('; ')
    : own
}

export function unreachable(value: never): never {
  throw new SluiceError('internal', `unexpected value ${JSON.stringify(value)}`)
}
