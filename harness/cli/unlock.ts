import { SluiceError } from '../errors.ts'
import { Owned } from '../owned.ts'
import { loadConfig } from './config-file.ts'
import { agree } from './confirm.ts'
import { heldBy, scopeOf } from './hold.ts'
import type { Invocation } from './main.ts'
import { openScene } from './scene.ts'

/** `sluice unlock`: takes the service from a deployment that is known to be gone. */
export async function unlock(invocation: Invocation): Promise<number> {
  const { cwd, env, flags, interrupt, output } = invocation
  const config = await loadConfig({ cwd, env, flags })
  if (config.cloud.kind === 'embedded') {
    throw new SluiceError('precondition', 'an embedded cloud is its deployment’s own: nothing holds it')
  }
  await using owned = new Owned()
  const scene = owned.use(await openScene(config, config.cloud, interrupt))
  const holder = await heldBy(config, scene.cloud, interrupt)
  if (holder?.record.state !== 'held') {
    output.people(`no deployment holds ${scopeOf(config)}\n`)
    return 0
  }
  const { record: held } = holder
  const what = `deployment ${held.deployment} of ${held.holder}, last heard of ${held.renewed} (${held.doing})`
  output.people(`${scopeOf(config)} is held by ${what}\n`)
  await agree(invocation, 'Take it away?', 'a service is taken away only when that was asked for')
  const { breakLease } = await import('../journal/lease.ts')
  await breakLease(holder.bucket, scopeOf(config), interrupt)
  output.people(
    `unlocked; \`sluice resume\` ends what was begun, \`sluice status\` shows how the service stands\n`,
  )
  return 0
}
