/** A uniform random choice of at most `limit` of all values added (Vitter's algorithm R). */
export interface Reservoir {
  add(value: number): void
  /** In order of arrival as long as there are no more than `limit`. */
  values(): Float64Array
}

/** Deterministic: the same values in the same order leave the same choice. */
export function createReservoir(limit: number): Reservoir {
  const kept: number[] = []
  const random = mulberry32(limit)
  let seen = 0
  return {
    add(value) {
      seen += 1
      if (kept.length < limit) {
        kept.push(value)
        return
      }
      const at = Math.floor(random() * seen)
      if (at < limit) kept[at] = value
    },
    values: () => Float64Array.from(kept),
  }
}

/** Uniform on [0, 1): Tommy Ettinger's mulberry32, public domain. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
