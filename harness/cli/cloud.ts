import { serveEmbeddedCloud } from '#fixtures/clouds/embedded/server'
import type { CloudAddress } from '../cloud.ts'
import type { Invocation } from './main.ts'

/** `sluice cloud`: serves the embedded cloud until it is interrupted. One JSON line says that it is ready. */
export async function cloud(invocation: Invocation): Promise<number> {
  const { flags, env, output, interrupt } = invocation
  await using served = await serveEmbeddedCloud({
    port: flags.port ?? 4566,
    dnsPort: flags.dnsPort ?? 4553,
    settle: flags.settle ?? 'aws',
    timeScale: flags.timeScale ?? 1,
    seed: flags.seed ?? 1,
    region: flags.region ?? env['AWS_REGION'] ?? 'us-east-1',
  })
  const { endpoint, dns, address } = served
  if (flags.service) await furnish(invocation, address)
  output.data(`${JSON.stringify({ endpoint, dns, account: address.account })}\n`)
  if (interrupt.aborted) return 0
  await new Promise<void>((resolve) => interrupt.addEventListener('abort', () => resolve(), { once: true }))
  return 0
}

/**
 * Puts the services of the config into the cloud, as a deployment to an embedded one of its own would. What that needs
 * takes longer to load than an empty cloud to start.
 */
async function furnish({ flags, cwd, env, interrupt }: Invocation, address: CloudAddress): Promise<void> {
  const [{ loadConfig }, { connectCloud }, { createServices }] = await Promise.all([
    import('./config-file.ts'),
    import('../connect/index.ts'),
    import('./scene.ts'),
  ])
  const config = await loadConfig({ cwd, env, flags })
  await using cloud = connectCloud(address)
  await createServices(cloud, config, interrupt)
}
