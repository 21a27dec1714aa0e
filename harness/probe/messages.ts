import type { TrafficBucket } from '../gate.ts'
import type { ProbeSpec, Samples, WritesReport } from '../probe.ts'

/** What the probe's thread is started with. */
export interface ThreadData {
  readonly spec: ProbeSpec
  readonly stage?: string
}

type Client = Readonly<Record<string, string>>

/** Main thread → probe. Each is answered by `done` with its `id`, after whatever buckets it closed. */
export type Order =
  | { readonly kind: 'enter'; readonly id: number; readonly stage: string; readonly as?: Client | undefined }
  | { readonly kind: 'flush'; readonly id: number }
  | { readonly kind: 'read-back'; readonly id: number; readonly when: 'meanwhile' | 'last' }
  | { readonly kind: 'stop'; readonly id: number }

/** Probe → main thread, in order. */
export type Message =
  | { readonly kind: 'ready' }
  | { readonly kind: 'bucket'; readonly bucket: TrafficBucket; readonly samples: Samples }
  | { readonly kind: 'done'; readonly id: number; readonly writes: WritesReport }

/** What orders are answered with that read nothing back. */
export const nothingWritten: WritesReport = { written: 0, read: 0, lost: 0, unread: 0, losses: [] }
