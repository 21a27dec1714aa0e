import type { Serializable } from 'node:child_process'
import { type ChildProcess, fork } from 'node:child_process'
import { besideThis } from './beside.ts'
import { isLeftovers } from './leftovers.ts'

type Holder = (event: 'message' | 'error' | 'exit', ...args: unknown[]) => void

const entrypoint = besideThis('worker', import.meta.url)

const isResponse = (message: unknown, type: string): boolean =>
  typeof message === 'object' && message !== null && 'type' in message && message.type === type

/** A child process that runs suites, and what is known about its health. */
export class WarmProcess {
  /** Whoever leases it now; hears all that the process says. */
  holder: Holder | undefined
  readonly exited: Promise<void>
  readonly #child: ChildProcess
  #started = false
  #tainted = false
  #running = false

  constructor(env: Partial<NodeJS.ProcessEnv>, execArgv: readonly string[], log: (text: string) => void) {
    this.#child = fork(entrypoint, [], {
      env: env as NodeJS.ProcessEnv,
      execArgv: [...execArgv],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    })
    this.#child.stdout?.on('data', (data: Buffer) => log(data.toString()))
    this.#child.stderr?.on('data', (data: Buffer) => log(data.toString()))
    this.#child.on('message', (message) => this.#hear(message))
    this.#child.on('error', (error) => {
      this.#tainted = true
      this.holder?.('error', error)
    })
    this.exited = new Promise((resolve) => {
      const ended = (): void => {
        this.#tainted = true
        resolve()
      }
      this.#child.once('exit', (code, signal) => {
        ended()
        this.holder?.('exit', code, signal)
      })
      // A process that could not be created reports an error and never an exit.
      this.#child.once('error', () => this.#child.pid === undefined && ended())
    })
  }

  /** Whether it was set up by a first run. */
  get started(): boolean {
    return this.#started
  }

  /** Whether another run may use it: nothing went wrong in it, nothing is left of the run before. */
  get reusable(): boolean {
    return !this.#tainted && !this.#running && this.#started && this.#child.connected
  }

  taken(): void {
    this.#child.ref()
    this.#child.channel?.ref()
  }

  send(message: Serializable & { readonly type?: unknown }): void {
    if (message.type === 'run' || message.type === 'collect') this.#running = true
    this.#child.send(message, (error) => {
      if (error) this.holder?.('error', error)
    })
  }

  end(): void {
    this.#tainted = true
    this.#child.kill('SIGKILL')
  }

  #hear(message: unknown): void {
    if (isLeftovers(message)) {
      this.#tainted = true
      return
    }
    if (isResponse(message, 'started')) this.#started = true
    if (isResponse(message, 'testfileFinished')) this.#running = false
    // Whatever is said between runs comes from something a suite left going.
    if (!this.holder) this.#tainted = true
    this.holder?.('message', message)
  }
}
