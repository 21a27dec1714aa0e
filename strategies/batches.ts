import { z } from 'zod'

const count = z.int().min(1)
const percent = z.string().regex(/^(100|[1-9]\d?)%$/, 'expected a percentage from 1% to 100%')

/** How much changes at a time: a number of instances, or a percentage of the fleet. */
export const batch = z.union([count, percent])

export const sizeOf = (full: number, size: z.output<typeof batch>): number =>
  typeof size === 'number' ? Math.min(size, full) : Math.ceil((full * Number.parseInt(size, 10)) / 100)

/** How many have changed after each batch; after the last one, all. */
export function batches(full: number, size: z.output<typeof batch>): number[] {
  const each = sizeOf(full, size)
  return Array.from({ length: Math.ceil(full / each) }, (_, i) => Math.min(full, (i + 1) * each))
}
