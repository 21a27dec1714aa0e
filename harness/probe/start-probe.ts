import { Worker } from 'node:worker_threads'
import { deadline, wallClock } from '../clock.ts'
import { describeError, SluiceError } from '../errors.ts'
import type { Probe, ProbeSpec, WritesReport } from '../probe.ts'
import type { BucketListener } from './create-probe.ts'
import { createFailure, createWatch } from './liveness.ts'
import type { Message, ThreadData } from './messages.ts'
import { createOrders, type NewOrder } from './orders.ts'
import { READ_BACK_LIMIT } from './writes.ts'

/** A probe in a thread of its own. */
export interface RunningProbe extends Probe {
  /**
   * Calls back, once, when the probe has died or fallen silent; at once when it has already. From then on no bucket comes
   * and `enter` and `flush` reject: a gate that hears this must not open. Disposing rejects with a failure nobody heard.
   */
  onFailure(listener: (failure: SluiceError) => void): void
}

export interface StartOptions {
  /** Ends a start that is under way. A probe that runs is stopped by disposing it alone: it also watches a revert. */
  readonly signal?: AbortSignal
  /** The stage in force until the first `enter`. */
  readonly stage?: string
}

/** Wall milliseconds. */
const START_LIMIT = 30_000
const ORDER_LIMIT = 10_000
const SHORTEST_WATCH = 5_000

/** Young objects of a request die with it: room for many makes collections, in which nothing is sent, rare and short. */
const MEMORY = { maxYoungGenerationSizeMb: 64 }

const threadUrl = (): URL =>
  new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url)

/** Starts continuous traffic; resolves when the first request has been planned. */
export async function startProbe(spec: ProbeSpec, options: StartOptions = {}): Promise<RunningProbe> {
  options.signal?.throwIfAborted()
  const workerData: ThreadData = { spec, ...(options.stage === undefined ? {} : { stage: options.stage }) }
  const worker = new Worker(threadUrl(), { workerData, name: 'sluice-probe', resourceLimits: MEMORY })
  const link = createLink(worker, spec)
  const late = (): Error => new SluiceError('timeout', `the probe did not start within ${START_LIMIT} ms`)
  using limit = deadline(wallClock, START_LIMIT, late, options.signal)
  const aborted = Promise.withResolvers<never>()
  limit.signal.addEventListener('abort', () => aborted.reject(limit.signal.reason), { once: true })
  try {
    await Promise.race([link.ready, aborted.promise])
  } catch (error) {
    await link.end()
    throw error
  }
  return link.probe
}

interface Link {
  readonly ready: Promise<void>
  readonly probe: RunningProbe
  /** Ends the thread, whatever it does. */
  end(): Promise<void>
}

function createLink(worker: Worker, spec: ProbeSpec): Link {
  const listeners: BucketListener[] = []
  const ready = Promise.withResolvers<void>()
  const orders = createOrders(worker)
  const failure = createFailure((error) => {
    watch.stop()
    ready.reject(error)
    orders.fail(error)
    void worker.terminate()
  })
  // Who waits for the start sees the rejection; after it nobody does.
  ready.promise.catch(() => undefined)
  let ending = false

  const watch = createWatch(Math.max(SHORTEST_WATCH, 5 * spec.bucket), (ms) =>
    failure.report(new SluiceError('internal', `the probe has been silent for ${ms} ms`)),
  )
  worker.on('message', (message: Message) => {
    watch.heard()
    if (message.kind === 'ready') ready.resolve()
    else if (message.kind === 'done') orders.done(message.id, message.writes)
    else for (const listener of listeners) listener(message.bucket, message.samples)
  })
  worker.on('error', (cause) => failure.report(died(describeError(cause), cause)))
  worker.on('exit', (code) => {
    if (!ending) failure.report(died(`it ended with code ${code}`))
  })

  const end = async (): Promise<void> => {
    ending = true
    watch.stop()
    await worker.terminate()
  }
  const stop = async (): Promise<void> => {
    try {
      if (!failure.reported()) await orders.send({ kind: 'stop' }, spec.timeout + ORDER_LIMIT)
    } finally {
      await end()
    }
    failure.throwUnheard()
  }
  let stopped: Promise<void> | undefined
  const order = (what: NewOrder, limit = ORDER_LIMIT): Promise<WritesReport> => {
    const because =
      failure.reported() ?? (stopped && new SluiceError('internal', 'the probe was stopped already'))
    return because ? Promise.reject(because) : orders.send(what, limit)
  }
  const probe: RunningProbe = {
    async enter(stage, as) {
      await order({ kind: 'enter', stage, as })
    },
    async flush() {
      await order({ kind: 'flush' })
    },
    readBack: (when) => order({ kind: 'read-back', when }, spec.timeout + READ_BACK_LIMIT + ORDER_LIMIT),
    onBucket: (listener) => void listeners.push(listener),
    onFailure: failure.listen,
    [Symbol.asyncDispose]() {
      stopped ??= stop()
      return stopped
    },
  }
  return { ready: ready.promise, probe, end }
}

const died = (how: string, cause?: unknown): SluiceError =>
  new SluiceError('internal', `the probe's thread died: ${how}`, cause === undefined ? {} : { cause })
