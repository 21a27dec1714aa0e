import type { PoolOptions, PoolRunnerInitializer, PoolWorker } from 'vitest/node'
import { WarmProcess } from './warm-process.ts'

type Request = Parameters<PoolWorker['send']>[0]
type Listener = (...args: unknown[]) => void

/**
 * A Vitest pool whose processes outlive a run. Vitest asks for a worker for every run and stops it afterwards;
 * here it is handed a lease on a process that is already up. Processes, not threads: a suite that runs out of
 * memory must not take the deployment with it.
 */
export class WarmPool implements AsyncDisposable {
  readonly initializer: PoolRunnerInitializer
  readonly #idle: WarmProcess[] = []
  #closed = false
  readonly #all = new Set<WarmProcess>()
  readonly #log: (text: string) => void

  constructor(log: (text: string) => void) {
    this.#log = log
    this.initializer = { name: 'sluice-warm', createPoolWorker: (options) => new Lease(this, options) }
  }

  /** Takes an idle process, or starts one. */
  acquire(options: PoolOptions): WarmProcess {
    if (this.#closed) throw new Error('the suite runner is closed')
    const process = this.#takeIdle() ?? this.#start(options)
    process.taken()
    return process
  }

  /** Gives a process back after a run that ended in good order; one that cannot be trusted is ended. */
  release(process: WarmProcess): void {
    if (process.reusable) this.#idle.push(process)
    else this.#end(process)
  }

  /** Ends every idle process: the next run starts with a fresh one. */
  recycle(): void {
    for (const process of this.#idle.splice(0)) this.#end(process)
  }

  kill(): void {
    this.#idle.length = 0
    for (const process of this.#all) this.#end(process)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const ending = [...this.#all].map((process) => process.exited)
    this.kill()
    await Promise.all(ending)
  }

  #takeIdle(): WarmProcess | undefined {
    for (let process = this.#idle.pop(); process; process = this.#idle.pop()) {
      if (process.reusable) return process
      this.#end(process)
    }
    return undefined
  }

  #start(options: PoolOptions): WarmProcess {
    const process = new WarmProcess(options.env, options.execArgv, this.#log)
    this.#all.add(process)
    void process.exited.then(() => this.#all.delete(process))
    return process
  }

  #end(process: WarmProcess): void {
    process.end()
  }
}

/** What Vitest holds during one run: it believes to have started a worker and to stop it. */
class Lease implements PoolWorker {
  readonly name = 'sluice-warm'
  readonly #pool: WarmPool
  readonly #options: PoolOptions
  readonly #listeners = new Map<string, Set<Listener>>()
  #process: WarmProcess | undefined
  #stoppedInOrder = false

  constructor(pool: WarmPool, options: PoolOptions) {
    this.#pool = pool
    this.#options = options
  }

  on(event: string, callback: Listener): void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(callback))
  }

  off(event: string, callback: Listener): void {
    this.#listeners.get(event)?.delete(callback)
  }

  async start(): Promise<void> {
    this.#process = this.#pool.acquire(this.#options)
    this.#process.holder = (event, ...args) => this.#emit(event, ...args)
  }

  send(message: Request): void {
    const process = this.#process
    if (!process) return
    // A process is set up once; to Vitest every run looks like the first.
    if (message.type === 'start' && process.started) return this.#answer('started')
    if (message.type === 'stop') {
      this.#stoppedInOrder = true
      return this.#answer('stopped')
    }
    process.send(message)
  }

  deserialize(data: unknown): unknown {
    return data
  }

  async stop(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    if (!process) return
    process.holder = undefined
    if (this.#stoppedInOrder) return this.#pool.release(process)
    process.end()
    await process.exited
  }

  #answer(type: 'started' | 'stopped'): void {
    queueMicrotask(() => this.#emit('message', { __vitest_worker_response__: true, type }))
  }

  #emit(event: string, ...args: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...args)
  }
}
