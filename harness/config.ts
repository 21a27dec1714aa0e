import { resolve } from 'node:path'
import { z } from 'zod'
import type { Approvals } from './approvals.ts'
import { type CheckSettings, checkSettings } from './check-settings.ts'
import { type ProbeConfig, probeOf, probeSchema } from './config-probe.ts'
import { configError, type Diagnostic, describeIssue } from './config-problems.ts'
import { placeSites, releaseOf, type SiteSpec, type Strategies } from './config-sites.ts'
import { duration } from './duration.ts'
import { entrySchema } from './entry.ts'
import { SluiceError } from './errors.ts'
import type { ClientGroup, ServiceRef, TestPick, Thresholds } from './gate.ts'
import type { StateSpec } from './journal/state-bucket.ts'
import type { GatePhase, Release, StrategySpec } from './strategy.ts'

/** A container image, of which each instance runs a container of its own. */
interface ContainerSpec {
  /** Name and tag. */
  readonly container: string
  /** On which it listens within the container. */
  readonly port: number
}

/** A program that instances run, each in a process of its own. */
interface CommandSpec {
  /** Program and arguments. */
  readonly command: readonly string[]
  /** Working directory, relative to the config. */
  readonly cwd?: string | undefined
}

/** Which cloud to reach, as plain data; `sluice/clouds` has a function for each kind. */
export type CloudSpec =
  | {
      readonly kind: 'embedded'
      /** Cloud milliseconds per wall millisecond. */
      readonly timeScale: number
      readonly settle: 'aws' | 'fast' | 'instant'
      readonly seed: number
      readonly region: string
      /** Programs or containers that instances of these images run, by image id. */
      readonly images?: Readonly<Record<string, CommandSpec | ContainerSpec>> | undefined
    }
  | { readonly kind: 'endpoint'; readonly url: string; readonly region: string }
  | { readonly kind: 'localstack'; readonly url?: string; readonly image?: string; readonly region: string }
  | {
      readonly kind: 'live'
      /** Nothing outside these is touched. */
      readonly accounts: readonly string[]
      readonly regions: readonly string[]
      /** Of the AWS config files; what the environment says when not given. */
      readonly profile?: string
      /** API calls that a process of Sluice makes a second, after a burst of twice as many. */
      readonly callsPerSecond: number
    }

/** A whole, validated configuration. Durations are cloud milliseconds, but `probe.timeout`, which is wall. */
export interface Config {
  /** Directory that relative paths start from: where the config file is. */
  readonly root: string
  readonly cloud: CloudSpec
  /** What deployments are called by: the service, or the system of several. */
  readonly name: string
  /** The service; of several, and in several regions, the first of them. */
  readonly service: ServiceRef
  /** Every service in every region that a deployment may change. */
  readonly sites: readonly [SiteSpec, ...SiteSpec[]]
  readonly releases: Readonly<Record<string, Release>>
  /** Key in `releases` of what the embedded cloud starts with. */
  readonly baseline: string
  /** Key in `releases` of what is deployed. */
  readonly release: string
  /** Its options are validated and complete. Where it combines several plans, each site has a strategy of its own. */
  readonly strategy: StrategySpec
  readonly gates: Thresholds
  /** Built-in checks that are left out or told something, each with the reason. */
  readonly checks: CheckSettings
  readonly probe: ProbeConfig
  /** Groups of clients that suites ask as. */
  readonly clients: readonly ClientGroup[]
  /** The user's own suites by phase: paths or globs, relative to the root; and what holds between services of a system. */
  readonly suites: Readonly<Record<GatePhase | 'contract', TestPick>>
  /** Where journals and reports go, relative to the root. */
  readonly directory: string
  /** Where a person must approve; nowhere unless given. */
  readonly approvals?: Approvals | undefined
  /** Where deployments from several machines find each other. */
  readonly state: StateSpec
}

const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected a region such as us-east-1')

const cloud = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('embedded'),
    timeScale: z.number().positive().max(1_000).default(60),
    settle: z.enum(['aws', 'fast', 'instant']).default('aws'),
    seed: z.int().nonnegative().default(1),
    region: region.default('us-east-1'),
    images: z
      .record(
        z.string().regex(/^ami-[0-9a-f]{17}$/, 'expected an image id such as ami-0123456789abcdef0'),
        z.union([
          z
            .strictObject({ command: z.array(z.string()).min(1).readonly(), cwd: z.string().optional() })
            .readonly(),
          z
            .strictObject({
              container: z.string().min(1),
              port: z.int().min(1).max(65_535).default(80),
            })
            .readonly(),
        ]),
      )
      .readonly()
      .optional(),
  }),
  z.strictObject({ kind: z.literal('endpoint'), url: z.url(), region: region.default('us-east-1') }),
  z.strictObject({
    kind: z.literal('localstack'),
    url: z.url().optional(),
    image: z.string().optional(),
    region: region.default('us-east-1'),
  }),
  z.strictObject({
    kind: z.literal('live'),
    accounts: z.array(z.string().regex(/^\d{12}$/, 'expected a 12-digit account id')).min(1),
    regions: z.array(region).min(1),
    profile: z.string().min(1).optional(),
    callsPerSecond: z.number().positive().max(100).default(10),
  }),
])

const release = z.strictObject({
  version: z.string().min(1),
  userData: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  imageId: z.string().optional(),
  launchTemplateVersion: z.int().positive().optional(),
})

/** Of a system: what each of its services gets; one that is not named stays as it is. */
const combined = release.extend({ services: z.record(z.string(), release).optional() })

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/, 'expected letters, digits and hyphens')

/** How a service is found. */
const place = z.strictObject({
  region: region.optional(),
  entry: entrySchema,
  fleets: z.enum(['clone', 'pair']).default('clone'),
  url: z.string().startsWith('/', 'expected a path that starts with /').default('/'),
})

const chosen = z.strictObject({
  name: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
})

const system = z.strictObject({
  name,
  services: z.record(
    name,
    place.extend({
      /** Services that this one asks, and that are deployed before it. */
      after: z.array(z.string()).default([]),
      strategy: chosen.prefault({ name: 'canary' }),
    }),
  ),
})

const share = z.number().gt(0).max(1)
const texts = z.array(z.string().min(1))
const DEFAULT_SUITES = '**/*.suite.{ts,mts,js,mjs}'
/** Paths or globs alone, or with the tags and names of the tests that are picked from there. */
const picked = (files: readonly string[]) =>
  z
    .union([
      z.array(z.string()),
      z.strictObject({
        files: z.array(z.string()).default([...files]),
        tags: texts.default([]),
        names: texts.default([]),
      }),
    ])
    .default([...files])
    .transform((given): TestPick => (Array.isArray(given) ? { files: given, tags: [], names: [] } : given))
const own = (phase: GatePhase | 'contract') => picked([`suites/${phase}/${DEFAULT_SUITES}`])

const schema = z.strictObject({
  cloud: cloud.prefault({ kind: 'embedded' }),
  service: place.extend({ name }).optional(),
  system: system.optional(),
  releases: z
    .record(z.string(), combined)
    .refine((all) => Object.keys(all).length > 0, 'expected at least one release'),
  baseline: z.string(),
  release: z.string(),
  strategy: chosen,
  gates: z
    .strictObject({
      errorRate: z.strictObject({ ceiling: share.default(0.02), alpha: share.default(0.01) }).prefault({}),
      latency: z
        .strictObject({ p99: duration.prefault('500ms'), slowdown: z.number().gt(1).default(1.5) })
        .prefault({}),
      minRequests: z.int().positive().default(300),
      notRun: z.enum(['keep-shut', 'allow']).default('keep-shut'),
      flaky: z.enum(['keep-shut', 'allow']).default('keep-shut'),
      // DescribeAlarms takes that many names at once.
      alarms: z.array(z.string().min(1).max(255)).max(100).default([]),
    })
    .prefault({}),
  probe: probeSchema.prefault({}),
  checks: checkSettings.prefault({}),
  clients: z.array(z.strictObject({ header: z.record(z.string(), z.string()) })).default([]),
  suites: z
    .strictObject({
      'pre-deploy': own('pre-deploy'),
      shift: own('shift'),
      contract: own('contract'),
      'post-deploy': own('post-deploy'),
      resilience: picked([]),
    })
    .prefault({}),
  directory: z.string().default('.sluice'),
  approvals: z
    .strictObject({
      stages: z.union([z.literal('every'), z.array(z.string()).min(1)]).default('every'),
      within: duration.prefault('1h'),
    })
    .optional(),
  state: z
    .strictObject({ bucket: z.string().min(3).max(63).optional(), prefix: z.string().default('sluice/') })
    .prefault({}),
})

export type ParsedConfig = z.output<typeof schema>

/** What `sluice.config.ts` exports. */
export type ConfigInput = z.input<typeof schema>

/** Types a config; returns it as it is. */
export const defineConfig = (config: ConfigInput): ConfigInput => config

interface Overrides {
  readonly cloud?: unknown
  readonly strategy?: string
  readonly release?: string
  readonly region?: string
}

/**
 * Lays overrides (flags, environment) over what a file exported and validates the whole, reporting every problem
 * at once. `file` is what messages call the source. Throws a `config` error.
 */
export function validateConfig(
  exported: unknown,
  overrides: Overrides,
  file: string,
  root: string,
  strategies: Strategies,
): Config {
  if (typeof exported !== 'object' || exported === null) {
    throw new SluiceError('config', `${file} has no default export that is a config`, {
      hint: "export default defineConfig({ … }), with defineConfig imported from 'sluice'",
    })
  }
  const parsed = schema.safeParse(overlay(exported, overrides))
  const diagnostics: Diagnostic[] = parsed.success
    ? []
    : parsed.error.issues.flatMap((issue) => describeIssue(issue))
  if (!parsed.success) throw configError(file, diagnostics)
  const { system, ...config } = parsed.data
  for (const key of ['baseline', 'release'] as const) {
    if (Object.hasOwn(config.releases, config[key])) continue
    diagnostics.push({
      path: key,
      message: `there is no release ${config[key]}; releases: ${Object.keys(config.releases).join(', ')}`,
    })
  }
  const placed = placeSites(
    parsed.data,
    {
      strategies,
      regionOf: (given) => chooseRegion(config.cloud, overrides.region, given, diagnostics),
      within: (named) => chooseRegion(config.cloud, undefined, named, diagnostics),
    },
    diagnostics,
  )
  if (diagnostics.length > 0 || !placed) throw configError(file, diagnostics)
  return {
    ...config,
    cloud: withinRoot(config.cloud as CloudSpec, root),
    root,
    ...placed,
    releases: Object.fromEntries(
      Object.entries(config.releases).map(([name, each]) => [name, releaseOf(each)]),
    ),
    probe: probeOf(config.probe, config.cloud.kind),
  }
}

/** Programs run where the config says, wherever it is read from. */
function withinRoot(spec: CloudSpec, root: string): CloudSpec {
  if (spec.kind !== 'embedded' || !spec.images) return spec
  const images = Object.entries(spec.images).map(([id, image]) => [
    id,
    'command' in image ? { ...image, cwd: resolve(root, image.cwd ?? '.') } : image,
  ])
  return { ...spec, images: Object.fromEntries(images) }
}

function chooseRegion(
  spec: z.output<typeof cloud>,
  override: string | undefined,
  configured: string | undefined,
  diagnostics: Diagnostic[],
): string {
  if (spec.kind !== 'live') return override ?? configured ?? spec.region
  const chosen = override ?? configured ?? spec.regions[0] ?? ''
  if (!spec.regions.includes(chosen)) {
    diagnostics.push({
      path: override === undefined ? 'service.region' : '--region or AWS_REGION',
      message: `${chosen} is not among cloud.regions, which allows ${spec.regions.join(', ')}`,
    })
  }
  return chosen
}

function overlay(exported: object, overrides: Overrides): object {
  const { strategy, release: named, cloud: chosen, region: at } = overrides
  const base: Record<string, unknown> = { ...exported }
  if (chosen !== undefined) base['cloud'] = chosen
  if (named !== undefined) base['release'] = named
  if (strategy !== undefined) {
    const configured = base['strategy']
    const same =
      typeof configured === 'object' &&
      configured !== null &&
      'name' in configured &&
      configured.name === strategy
    if (!same) base['strategy'] = { name: strategy, options: {} }
  }
  const target = base['cloud']
  if (
    at !== undefined &&
    typeof target === 'object' &&
    target !== null &&
    'kind' in target &&
    target.kind !== 'live'
  ) {
    base['cloud'] = { ...target, region: at }
  }
  return base
}
