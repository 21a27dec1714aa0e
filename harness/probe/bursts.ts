import type { Burst, TrafficBucket, TrafficCount } from '../gate.ts'

/**
 * Cloud milliseconds for which requests may fail when a machine is lost: until its target is told to be unhealthy. Two
 * health checks of ten seconds and their time-outs.
 */
export const BURST = 30_000

interface Slot {
  readonly to: number
  readonly errors: number
  readonly n: number
}

/** Finds the span of `BURST` in which most requests had no answer of any release. Buckets come in the order of time. */
export function createBursts(): { add(bucket: TrafficBucket): void; readonly worst: Burst } {
  const recent: Slot[] = []
  let worst: Burst = { errors: 0, n: 0, between: 0 }
  return {
    add({ to, counts }) {
      const n = sum(counts)
      if (n === 0) return
      recent.push({ to, n, errors: sum(counts.filter(isUnanswered)) })
      while (recent[0] && recent[0].to <= to - BURST) recent.shift()
      const errors = recent.reduce((total, slot) => total + slot.errors, 0)
      if (errors > worst.errors) worst = { errors, n: inAll(recent), between: inAll(fromFirstToLast(recent)) }
    },
    get worst() {
      return worst
    },
  }
}

const isUnanswered = ({ version, outcome }: TrafficCount): boolean => version === '' && outcome !== 'ok'

const sum = (counts: readonly TrafficCount[]): number => counts.reduce((total, { n }) => total + n, 0)

const inAll = (slots: readonly Slot[]): number => slots.reduce((total, { n }) => total + n, 0)

function fromFirstToLast(slots: readonly Slot[]): readonly Slot[] {
  const failed = ({ errors }: Slot): boolean => errors > 0
  return slots.slice(slots.findIndex(failed), slots.findLastIndex(failed) + 1)
}
