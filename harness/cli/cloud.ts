import { serveEmbeddedCloud } from '#fixtures/clouds/embedded/server'
import type { Invocation } from './main.ts'

/** `sluice cloud`: serves the embedded cloud until it is interrupted. One JSON line says that it is ready. */
export async function cloud({ flags, env, output, interrupt }: Invocation): Promise<number> {
  await using served = await serveEmbeddedCloud({
    port: flags.port ?? 4566,
    dnsPort: flags.dnsPort ?? 4553,
    settle: flags.settle ?? 'aws',
    timeScale: flags.timeScale ?? 1,
    seed: flags.seed ?? 1,
    region: flags.region ?? env['AWS_REGION'] ?? 'us-east-1',
  })
  const { endpoint, dns, address } = served
  output.data(`${JSON.stringify({ endpoint, dns, account: address.account })}\n`)
  await new Promise<void>((resolve) => interrupt.addEventListener('abort', () => resolve(), { once: true }))
  return 0
}
