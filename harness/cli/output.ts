import { createInterface } from 'node:readline/promises'
import { explainFailure } from '../connect/explain.ts'
import { describeError, type ErrorCode, SluiceError } from '../errors.ts'

/** The one place that prints. People's output goes to stderr, machines' to stdout. */
export interface Output {
  readonly people: (text: string) => void
  readonly data: (text: string) => void
  readonly colour: boolean
  readonly columns: number
  readonly interactive: boolean
  /** Asks a person; absent where there is none to ask. Rejects with the signal's reason. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<string>
}

export function createOutput(env: Readonly<Record<string, string | undefined>>): Output {
  const { stdout, stderr } = process
  // A reader that went away (`| head`) ends the printing, never the deployment.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined)
  const terminal = stderr.isTTY === true
  const interactive = terminal && !env['CI'] && env['TERM'] !== 'dumb'
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0'
  return {
    people: (text) => void stderr.write(text),
    data: (text) => void stdout.write(text),
    colour: !env['NO_COLOR'] && env['TERM'] !== 'dumb' && (terminal || forced),
    columns: stderr.columns || 80,
    interactive,
    ...(interactive && process.stdin.isTTY ? { ask } : {}),
  }
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  // Not as a terminal of its own: a Ctrl-C stays a signal, and reaches whoever watches for it.
  using lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    return await Promise.race([lines.question(question, { signal }), ended])
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown
  }
}

const EXIT: Readonly<Record<ErrorCode, number>> = {
  usage: 2,
  config: 2,
  precondition: 2,
  unsupported: 2,
  busy: 6,
  interrupted: 130,
  cloud: 1,
  timeout: 1,
  unhealthy: 1,
  breach: 1,
  internal: 1,
}

/** What the SDK's clients throw carries this. */
const isAnswer = (thrown: unknown): boolean => thrown instanceof Error && '$metadata' in thrown

/** Prints what went wrong before or outside a deployment; returns the exit code. */
export function printError(output: Output, thrown: unknown): number {
  const error = thrown instanceof SluiceError ? thrown : explainFailure(thrown)
  output.people(`sluice: ${describeError(error ?? thrown)}\n`)
  if (error?.hint) output.people(`  ${error.hint}\n`)
  if (isAnswer(thrown) && !error) {
    output.people('  The cloud answered that. If it is not what AWS would answer, choose another cloud.\n')
  } else if (!error && thrown instanceof Error && thrown.stack) {
    output.people(`  This is a fault of Sluice itself:\n${thrown.stack.split('\n').slice(1).join('\n')}\n`)
  }
  return error ? EXIT[error.code] : 1
}
