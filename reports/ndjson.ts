import type { Reporter, ReporterOptions } from '#harness/report'

/** The journal itself for machines: one JSON event a line, as it happens. */
export const ndjson = ({ writeData }: ReporterOptions): Reporter => ({
  event: (event) => writeData(`${JSON.stringify(event)}\n`),
  close: () => [],
})
