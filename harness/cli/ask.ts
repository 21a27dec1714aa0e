import { wallClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { leaveRequest } from '../journal/mailbox.ts'
import type { Request } from '../journal/request.ts'
import { keptDeployments } from './deployments.ts'
import { type Held, whoami } from './hold.ts'

const requestOf = (deployment: string, ask: Request['ask']): Request => ({
  deployment,
  ask,
  by: whoami(),
  at: new Date(wallClock.now()).toISOString(),
})

/** Asks the deployment that runs on this machine; returns which, if there is one. Only the last one can be under way. */
export function askHere(config: Config, ask: Request['ask']): string | undefined {
  const [last] = keptDeployments(config)
  if (!last?.alive) return undefined
  leaveRequest(last.directory, requestOf(last.id, ask))
  return last.id
}

/** Asks the deployment that holds the service, on whatever machine; returns which, if it shows signs of life. */
export async function askThere(
  { bucket, record }: Held,
  ask: Request['ask'],
  signal: AbortSignal,
): Promise<string | undefined> {
  const lease = await import('../journal/lease.ts')
  if (record.state !== 'held' || !lease.soundsAlive(record)) return undefined
  await lease.ask(bucket, record.scope, requestOf(record.deployment, ask), signal)
  return record.deployment
}
