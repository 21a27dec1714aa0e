import type { RequestListener } from 'node:http'
import { Agent } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { realClock } from '../clock.ts'
import type { ProbeSpec, StickySpec } from '../probe.ts'
import { plainAddress, servePage } from './served-page.ts'
import { createStickyLane } from './sticky.ts'

const owned: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of owned.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

test('every client keeps the cookies it was given, those of the load balancer too', async () => {
  const seen: string[] = []
  let handedOut = 0
  const send = await sticky({ clients: 2, session: 'sid' }, (request, response) => {
    seen.push(request.headers.cookie ?? '')
    if (!request.headers.cookie) {
      handedOut += 1
      response.setHeader('set-cookie', [`sid=s${handedOut}; Path=/; HttpOnly`, `AWSALBTG=t${handedOut}`])
    } else response.setHeader('set-cookie', 'AWSALBTG=anew; Path=/')
    response.end()
  })
  for (let i = 0; i < 4; i += 1) expect(await send()).toEqual({ outcome: 'ok' })
  await send()
  expect(seen).toEqual(['', '', 'sid=s1; AWSALBTG=t1', 'sid=s2; AWSALBTG=t2', 'sid=s1; AWSALBTG=anew'])
})

test.each([
  ['sid=other', 'replaced'],
  ['sid=s1; Max-Age=0', 'ended'],
  ['sid=', 'ended'],
])('a session answered with %s is lost: it was %s', async (cookie, what) => {
  const send = await sticky({ clients: 1, session: 'sid' }, (request, response) => {
    response.setHeader('set-cookie', request.headers.cookie ? cookie : 'sid=s1')
    response.end()
  })
  expect(await send()).toEqual({ outcome: 'ok' })
  const remark = `1.0.0 ${what} the session of a client that had one`
  expect(await send()).toEqual({ outcome: 'lost-session', remark })
})

test('without the name of a session cookie none is missed, and a page that is wrong is told as such', async () => {
  let wrong = false
  const send = await sticky({ clients: 1 }, (_, response) => {
    response.setHeader('set-cookie', `sid=${realClock.now()}`)
    if (wrong) response.statusCode = 404
    response.end()
  })
  expect(await send()).toEqual({ outcome: 'ok' })
  expect(await send()).toEqual({ outcome: 'ok' })
  wrong = true
  expect(await send()).toEqual({ outcome: 'wrong-status' })
})

async function sticky(clients: StickySpec, listener: RequestListener) {
  const server = await servePage((request, response) => {
    response.setHeader('x-app-version', '1.0.0')
    listener(request, response)
  })
  const agent = new Agent()
  owned.push(server, { [Symbol.asyncDispose]: () => agent.destroy() })
  const spec: ProbeSpec = {
    cloud: plainAddress,
    url: server.url,
    rate: 50,
    timeout: 3_000,
    bucket: 50,
    versions: ['1.0.0'],
    expect: { status: 200 },
  }
  const lane = createStickyLane(agent, spec, clients, realClock.wall)
  return () =>
    new Promise((resolve) => {
      lane({
        started: () => undefined,
        ended: (outcome, _, remark) => resolve({ outcome, ...(remark === undefined ? {} : { remark }) }),
      })
    })
}
