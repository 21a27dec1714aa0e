import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { SluiceError } from '../errors.ts'
import type { StandaloneMessage } from './standalone-process.ts'

/**
 * Vitest's globalSetup: lets `vitest --project <phase>` run suites with no harness. Reaches the cloud of the config
 * (or of `SLUICE_CLOUD`, `AWS_ENDPOINT_URL`) and gives the suites a context without a deployment: what serves is both
 * release and baseline. The embedded cloud starts empty, so the sample service is created in it; in another cloud
 * only when `SLUICE_SCENARIO` is set.
 */
// biome-ignore lint/style/noDefaultExport: Vitest calls the default export of a globalSetup file
export default async function standalone(project: TestProject): Promise<() => Promise<void>> {
  const source = import.meta.url.endsWith('.ts')
  const script = fileURLToPath(
    new URL(source ? './standalone-process.ts' : './standalone-process.js', import.meta.url),
  )
  const conditions = source ? ['--conditions=sluice-source'] : []
  const child = spawn(process.execPath, [...conditions, script, phaseOf(project.name)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const [message] = (await Promise.race([once(child, 'message'), exited.then(() => [undefined])])) as [
    StandaloneMessage | undefined,
  ]
  if (message?.kind !== 'ready') {
    await exited
    throw failure(message)
  }
  project.provide('sluice', message.context)
  return async () => {
    if (child.connected) child.disconnect()
    await exited
  }
}

function failure(message: Extract<StandaloneMessage, { kind: 'failed' }> | undefined): SluiceError {
  if (!message)
    return new SluiceError('internal', 'setting the scene for the suites ended before it was ready')
  const { message: text, hint } = message
  return new SluiceError('precondition', [text, hint].filter(Boolean).join('\n'))
}

const PHASES = ['pre-deploy', 'shift', 'post-deploy', 'resilience']

function phaseOf(name: string): string {
  if (PHASES.includes(name)) return name
  throw new SluiceError('usage', `project ${name} is no phase; phases: ${PHASES.join(', ')}`)
}
