import { SluiceError } from '../errors.ts'
import { Owned } from '../owned.ts'
import { loadConfig } from './config-file.ts'
import { scopeOf, stateBucket } from './hold.ts'
import type { Invocation } from './main.ts'
import { openScene } from './scene.ts'

/** `sluice unlock`: takes the service from a deployment that is known to be gone. */
export async function unlock({ cwd, env, flags, interrupt, output }: Invocation): Promise<number> {
  const config = await loadConfig({ cwd, env, flags })
  if (config.cloud.kind === 'embedded') {
    throw new SluiceError('precondition', 'an embedded cloud is its deployment’s own: nothing holds it')
  }
  await using owned = new Owned()
  const scene = owned.use(await openScene(config, config.cloud, interrupt))
  const bucket = await stateBucket(config, scene.cloud, interrupt)
  const { breakLease, readLease } = await import('../journal/lease.ts')
  const held = bucket && (await readLease(bucket, scopeOf(config), interrupt))?.record
  if (!bucket || held?.state !== 'held') {
    output.people(`no deployment holds ${scopeOf(config)}\n`)
    return 0
  }
  const what = `deployment ${held.deployment} of ${held.holder}, last heard of ${held.renewed} (${held.doing})`
  output.people(`${scopeOf(config)} is held by ${what}\n`)
  const agreed =
    flags.yes || /^\s*y(es)?\s*$/i.test((await output.ask?.('Take it away? [y/N] ', interrupt)) ?? '')
  if (!agreed) {
    throw new SluiceError(
      'usage',
      'the service is taken away only when that was asked for; nothing was touched',
      {
        hint: 'add --yes where nobody can be asked',
      },
    )
  }
  await breakLease(bucket, scopeOf(config))
  output.people(
    `unlocked; \`sluice resume\` ends what was begun, \`sluice status\` shows how the service stands\n`,
  )
  return 0
}
