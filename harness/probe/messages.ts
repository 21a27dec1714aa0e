import type { TrafficBucket } from '../gate.ts'
import type { ProbeSpec, Samples } from '../probe.ts'

/** What the probe's thread is started with. */
export interface ThreadData {
  readonly spec: ProbeSpec
  readonly stage?: string
}

/** Main thread → probe. Each is answered by `done` with its `id`, after whatever buckets it closed. */
export type Order =
  | { readonly kind: 'enter'; readonly id: number; readonly stage: string }
  | { readonly kind: 'flush'; readonly id: number }
  | { readonly kind: 'stop'; readonly id: number }

/** Probe → main thread, in order. */
export type Message =
  | { readonly kind: 'ready' }
  | { readonly kind: 'bucket'; readonly bucket: TrafficBucket; readonly samples: Samples }
  | { readonly kind: 'done'; readonly id: number }
