import { z } from 'zod'
import type { CloudKind } from './cloud.ts'
import { duration } from './duration.ts'
import { describeError } from './errors.ts'
import type { LongSpec, PopulationSpec, ProbeTarget, StickySpec, WritesSpec } from './probe.ts'

/** What a config says of the probe. Durations are cloud milliseconds, but `timeout`, which is wall. */
export interface ProbeConfig {
  /** Requests per wall second. */
  readonly rate: number
  /** Requests that a deployment sends at most: the rate is lowered so that they last. No bound when absent. */
  readonly budget?: number
  readonly timeout: number
  readonly expect: { readonly status: number; readonly bodyIncludes?: string }
  /** Asked for in turn with the main page. */
  readonly targets: readonly ProbeTarget[]
  /** Clients that keep their cookies; none when absent. */
  readonly sticky?: StickySpec
  /** Slow requests under way at all times; none when absent. */
  readonly long?: LongSpec
  /** Clients that resolve a name themselves; none when absent. Without a name, the one that leads to the service. */
  readonly dns?: Omit<PopulationSpec, 'name'> & { readonly name?: string }
  /** What the probe writes and reads back; nothing when absent. */
  readonly writes?: WritesSpec
}

const status = z.int().min(100).max(599).default(200)
const headers = z.record(z.string(), z.string())

const jsonSchema = z.record(z.string(), z.json()).superRefine((schema, context) => {
  try {
    z.fromJSONSchema(schema)
  } catch (thrown) {
    context.addIssue({ code: 'custom', message: `no JSON Schema: ${describeError(thrown)}` })
  }
})

const target = z.strictObject({
  path: z.string().startsWith('/', 'expected a path that starts with /'),
  method: z.enum(['GET', 'HEAD', 'OPTIONS', 'POST']).default('GET'),
  headers: headers.optional(),
  body: z.json().optional(),
  expect: z
    .strictObject({
      status,
      bodyIncludes: z.string().optional(),
      header: headers.optional(),
      schema: jsonSchema.optional(),
    })
    .prefault({}),
})

const sticky = z.strictObject({
  clients: z.int().min(1).max(1_000).default(5),
  session: z.string().min(1).optional(),
})

const long = z.strictObject({
  path: z.string().startsWith('/', 'expected a path that starts with /'),
  open: z.int().min(1).max(50).default(2),
  timeout: duration.prefault('60s'),
})

/** `ignoringTtl`: the share of the clients that keep an answer for as long as it leads anywhere. */
const population = z
  .strictObject({
    name: z.hostname().optional(),
    clients: z.int().min(1).max(10_000).default(100),
    ignoringTtl: z.number().min(0).max(1).default(0.1),
  })
  .transform(({ ignoringTtl, ...own }) => ({ ...own, ignoring: Math.round(own.clients * ignoringTtl) }))

const writes = z.strictObject({
  path: z.string().startsWith('/', 'expected a path that starts with /').default('/orders'),
  body: z.json().default({ item: 'sluice probe', quantity: 1 }),
})

export const probeSchema = z.strictObject({
  rate: z.number().positive().max(10_000).default(100),
  budget: z.int().min(1_000).optional(),
  timeout: duration.prefault('5s'),
  expect: z.strictObject({ status, bodyIncludes: z.string().optional() }).prefault({}),
  targets: z.array(target).default([]),
  sticky: sticky.optional(),
  long: long.optional(),
  dns: population.optional(),
  writes: z.union([z.boolean(), writes]).optional(),
})

/** Requests that cost somebody money, where the config says nothing of them. */
const LIVE_BUDGET = 100_000

/** Nothing is written to a cloud that others use unless the config says so, and nothing is sent there without end. */
export function probeOf(given: z.output<typeof probeSchema>, kind: CloudKind): ProbeConfig {
  const {
    writes: wanted = kind === 'embedded',
    budget = kind === 'live' ? LIVE_BUDGET : undefined,
    ...rest
  } = given
  const written = wanted === true ? writes.parse({}) : wanted
  return {
    ...rest,
    ...(budget === undefined ? {} : { budget }),
    ...(written ? { writes: written } : {}),
  } as ProbeConfig
}
