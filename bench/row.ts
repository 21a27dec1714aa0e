/** One line of the table that `npm run bench` prints. */
export interface Row {
  readonly figure: string
  /** Absent when it could not be measured; `note` then says why. */
  readonly value?: number
  /** `ms`, `req/s`, `×`, … */
  readonly unit: string
  /** What it is held to. */
  readonly bound?: { readonly atMost: number } | { readonly atLeast: number }
  /** What else was measured in the same run, and how many times better this is than it. */
  readonly against?: string
  readonly ratio?: number
  readonly note?: string
}
