import type { Cloud } from '../cloud.ts'
import { SluiceError } from '../errors.ts'

/** One fault, as the cloud's control surface takes it: its action, what it befalls, and for how long. */
export interface FaultSpec {
  readonly action: string
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly targets?: Readonly<Record<string, unknown>>
  readonly which?: Readonly<Record<string, unknown>>
}

/** Wall milliseconds. */
const PATIENCE = 10_000

/**
 * Does a cloud harm on purpose, until it is disposed of; only where it `supports('faults')`. The embedded cloud takes
 * faults at `/_sluice/faults` of its endpoint, whoever started it. Throws what the cloud says against the fault.
 */
export async function injectFault(
  { address, kind }: Cloud,
  spec: FaultSpec,
  signal?: AbortSignal,
): Promise<AsyncDisposable> {
  const { endpoint } = address
  if (kind !== 'embedded' || endpoint === undefined)
    throw new SluiceError('internal', 'faults were to be injected into a cloud that takes none')
  const url = `${endpoint}/_sluice/faults`
  const own = AbortSignal.timeout(PATIENCE)
  const answer = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(spec),
    signal: signal ? AbortSignal.any([own, signal]) : own,
  })
  const told = (await answer.json()) as {
    readonly faults?: readonly { readonly id: string }[]
    readonly error?: string
  }
  const [fault] = told.faults ?? []
  if (!answer.ok || !fault) {
    throw new SluiceError(
      'cloud',
      `the cloud did not take the fault ${spec.action}: ${told.error ?? answer.status}`,
    )
  }
  return {
    async [Symbol.asyncDispose]() {
      // What is over already is no longer there; that it ends is all that is wanted.
      await fetch(`${url}?id=${fault.id}`, { method: 'DELETE', signal: AbortSignal.timeout(PATIENCE) })
    },
  }
}
