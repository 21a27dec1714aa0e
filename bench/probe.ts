import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { wallClock } from '#harness/clock'
import { SluiceError } from '#harness/errors'
import type { TrafficWindow } from '#harness/gate'
import type { ProbeSpec } from '#harness/probe'
import { createTrafficLedger, harmed, requests, startProbe } from '#harness/probe/index'
import type { Row } from './row.ts'

const RATE = 3_000
const SECONDS = 10
/** Wall milliseconds. A deployment's probe has been running for a while before anything is judged by it. */
const WARM_UP = 1_000
const WARM = 'warm'

/** In another process, so that the answers do not cost the probe's process anything. */
const SERVER = `
  const server = require('node:http').createServer((request, response) => {
    response.writeHead(200, { 'x-app-version': '1.0.0' })
    response.end('Orders')
  })
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
  process.on('disconnect', () => process.exit())
`

/** How well the probe keeps its schedule at a rate far above what a deployment uses. */
export async function probeBench(): Promise<Row[]> {
  const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const { stdout: output } = server
  if (!output) throw new SluiceError('internal', 'the server of the probe bench has no output')
  try {
    const [port] = await once(output, 'data')
    const { cold, warm: window } = await run(`http://127.0.0.1:${String(port).trim()}/`)
    const { planned, dropped, lagP99 } = window.schedule
    const [latency] = Object.values(window.latency)
    return [
      {
        figure: `probe: schedule lag p99 at ${RATE} requests/s`,
        value: lagP99,
        unit: 'ms',
        bound: { atMost: 10 },
        note: `${Math.round(cold.schedule.lagP99)} ms in the second before, while it is compiled and connects`,
      },
      {
        figure: `probe: requests dropped of ${planned}`,
        value: dropped,
        unit: 'requests',
        bound: { atMost: 0 },
      },
      {
        figure: `probe: requests failed of ${requests(window)}`,
        value: harmed(window),
        unit: 'requests',
        bound: { atMost: 0 },
      },
      {
        figure: 'probe: latency p99 from the planned instant',
        ...(latency ? { value: latency.p99 } : {}),
        unit: 'ms',
      },
    ]
  } finally {
    server.kill()
  }
}

async function run(url: string): Promise<{ readonly cold: TrafficWindow; readonly warm: TrafficWindow }> {
  const probe = await startProbe(specFor(url))
  const ledger = createTrafficLedger()
  probe.onBucket((bucket, samples) => ledger.add(bucket, samples))
  await wallClock.sleep(WARM_UP)
  await probe.enter(WARM)
  await wallClock.sleep(SECONDS * 1_000)
  await probe[Symbol.asyncDispose]()
  return { cold: ledger.window('baseline'), warm: ledger.window(WARM) }
}

const specFor = (url: string): ProbeSpec => ({
  cloud: {
    kind: 'endpoint',
    account: '123456789012',
    region: 'us-east-1',
    regions: ['us-east-1'],
    clock: { kind: 'real' },
    lacks: {},
  },
  url,
  rate: RATE,
  timeout: 5_000,
  bucket: 1_000,
  versions: ['1.0.0'],
  expect: { status: 200, bodyIncludes: 'Orders' },
})
