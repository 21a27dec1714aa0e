import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CloudAddress } from '../cloud.ts'

/** An endpoint that is known by its address alone. */
export const plainAddress: CloudAddress = {
  kind: 'endpoint',
  account: '123456789012',
  region: 'us-east-1',
  regions: ['us-east-1'],
  clock: { kind: 'real' },
  lacks: {},
}

/** Serves pages on loopback until it is disposed of; for tests of what asks for them. */
export async function servePage(
  listener: RequestListener,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
