import { parentPort, workerData } from 'node:worker_threads'
import { connectCloud } from '../connect/index.ts'
import { SluiceError, unreachable } from '../errors.ts'
import type { WritesReport } from '../probe.ts'
import { buffersOf, createProbe } from './create-probe.ts'
import { type Message, nothingWritten, type Order, type ThreadData } from './messages.ts'

/** The probe's own thread, so that nothing the harness or the cloud computes delays a request. Thin over `createProbe`. */
const port = parentPort
if (!port) throw new SluiceError('internal', 'the probe thread was not started as a thread')

// undici makes an error for every connection it closes, the expected ones included: their traces cost a tenth of the time.
Error.stackTraceLimit = 0

const { spec, stage }: ThreadData = workerData
const cloud = connectCloud(spec.cloud)
// Each fresh request is another user's, who asks DNS himself; the connections that are kept heed its TTLs.
const freshCloud = connectCloud(spec.cloud, { forgetful: true })
const probe = createProbe(spec, cloud, {
  fresh: freshCloud.dispatcher,
  ...(stage === undefined ? {} : { stage }),
})

const post = (message: Message, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)

async function obey(order: Order): Promise<WritesReport | undefined> {
  switch (order.kind) {
    case 'enter':
      await probe.enter(order.stage, order.as)
      return
    case 'flush':
      await probe.flush()
      return
    case 'read-back':
      return probe.readBack(order.when)
    case 'stop':
      await probe[Symbol.asyncDispose]()
      await Promise.all([cloud[Symbol.asyncDispose](), freshCloud[Symbol.asyncDispose]()])
      return
    default:
      return unreachable(order)
  }
}

probe.onBucket((bucket, samples) => post({ kind: 'bucket', bucket, samples }, buffersOf(samples)))
// What throws here ends the thread, and with it the probe: `startProbe` reports that.
port.on('message', async (order: Order) => {
  const writes = (await obey(order)) ?? nothingWritten
  post({ kind: 'done', id: order.id, writes })
})
post({ kind: 'ready' })
