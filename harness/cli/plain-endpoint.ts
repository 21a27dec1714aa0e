/** For tests: the embedded cloud as a cloud of other make would be seen, with APIs alone, and not all of them built. */
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

interface PlainEndpoint extends AsyncDisposable {
  readonly url: string
}

/** Passes the APIs on to `endpoint`; what Sluice's own cloud tells of itself is not there, nor are these operations. */
export async function servePlain(endpoint: string, lacking: readonly string[] = []): Promise<PlainEndpoint> {
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => {
      const body = Buffer.concat(chunks)
      const action = /(?:^|&)Action=(\w+)/.exec(body.toString())?.[1] ?? ''
      if (req.url?.startsWith('/_sluice/')) return void res.writeHead(404).end()
      if (lacking.includes(action)) {
        const error = `<Error><Code>InternalFailure</Code><Message>${action} is not yet implemented</Message></Error>`
        return void res
          .writeHead(501, { 'content-type': 'text/xml' })
          .end(`<ErrorResponse>${error}</ErrorResponse>`)
      }
      const { method, headers } = req
      const passed = request(`${endpoint}${req.url}`, { method, headers }, (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(res)
      })
      passed.on('error', () => res.destroy())
      passed.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
