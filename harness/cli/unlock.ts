import { SluiceError } from '../errors.ts'
import { Owned } from '../owned.ts'
import { scopeOf } from '../scope.ts'
import { loadConfig } from './config-file.ts'
import { agree } from './confirm.ts'
import { holderOf } from './hold.ts'
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
  const found = await Promise.all(
    config.sites.map(async ({ ref }) => ({
      scope: scopeOf(ref),
      holder: await holderOf(config, ref, scene.cloud, interrupt),
    })),
  )
  const held = found.flatMap(({ scope, holder }) =>
    holder?.record.state === 'held' ? [{ scope, ...holder }] : [],
  )
  if (held.length === 0) {
    output.people(`no deployment holds ${found.map(({ scope }) => scope).join(', ')}\n`)
    return 0
  }
  for (const { scope, record } of held) {
    const { deployment, holder, renewed, doing } = record
    const what = `deployment ${deployment} of ${holder}, last heard of ${renewed} (${doing})`
    output.people(`${scope} is held by ${what}\n`)
  }
  await agree(invocation, 'Take it away?', 'a service is taken away only when that was asked for')
  const { breakLease } = await import('../journal/lease.ts')
  for (const { scope, bucket } of held) await breakLease(bucket, scope, interrupt)
  output.people(
    `unlocked; \`sluice resume\` ends what was begun, \`sluice status\` shows how the service stands\n`,
  )
  return 0
}
