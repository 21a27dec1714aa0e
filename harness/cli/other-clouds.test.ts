import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createEmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { endpoint, localstack } from '#fixtures/clouds/index'
import { startCloud } from '#fixtures/clouds/start'
import { entriesOf, strategyNamed, strategyNames } from '#strategies/index'
import { scaledClock } from '../clock.ts'
import type { CloudSpec } from '../config.ts'
import type { EntryRef } from '../gate.ts'
import { Owned } from '../owned.ts'
import { deployIn } from './deploy-process.ts'
import { course, ranNotInAll } from './event-by-event.ts'
import { prepare } from './other-cloud.ts'

/** Where load balancers are led to by DNS, deployments wait minutes, of real time, for answers to run out. */
const PATIENT = { timeout: 900_000 }

/** What leads users to a service: a listener, or DNS to either. */
const ENTRIES = ['listener', 'load-balancers', 'instances'] as const
interface Case {
  readonly strategy: string
  /** Begins the name of its service; the strategy where absent. */
  readonly as?: string
  readonly entry: (typeof ENTRIES)[number]
}

/** Every strategy, on every kind of service that it shifts. */
const CASES: readonly Case[] = ENTRIES.flatMap((entry) =>
  strategyNames
    .filter((name) => entriesOf(strategyNamed(name)).includes(entry === 'listener' ? 'listener' : 'dns'))
    .map((strategy) => ({ strategy, entry })),
)

interface Other {
  readonly name: string
  /** Says where it is; `.ci/clouds` sets it. */
  readonly variable: string
  readonly spec: (value: string) => CloudSpec
  /** What it lacks of what a case needs; undefined where it has all of it. */
  readonly lacks: (each: Case) => RegExp | undefined
}

const OTHERS: readonly Other[] = [
  {
    name: 'moto_server',
    variable: 'SLUICE_MOTO',
    spec: (url) => endpoint(url),
    lacks: ({ strategy }) =>
      strategy === 'rolling' ? /\n {2}autoscaling:DescribeInstanceRefreshes: / : undefined,
  },
  {
    name: 'MiniStack',
    variable: 'SLUICE_MINISTACK',
    spec: (url) => endpoint(url),
    lacks: ({ entry }) => (entry === 'instances' ? undefined : /\n {2}autoscaling:SuspendProcesses: /),
  },
  {
    name: 'LocalStack',
    variable: 'SLUICE_LOCALSTACK_IMAGE',
    spec: (image) => localstack({ image }),
    lacks: ({ entry }) =>
      entry === 'instances' ? undefined : /\n {2}elasticloadbalancing:DescribeLoadBalancers: /,
  },
]

/** So that a server that keeps what earlier runs left does not have this run's services already. */
const RUN = randomBytes(2).toString('hex')

const owned = new Owned()
let embedded: CloudSpec
beforeAll(async () => {
  // Else LocalStack would be looked for where that leads.
  vi.stubEnv('AWS_ENDPOINT_URL', '')
  const cloud = owned.use(await createEmbeddedCloud({ clock: scaledClock(100), settle: 'fast' }))
  embedded = endpoint(cloud.endpoint)
}, PATIENT.timeout)
afterAll(async () => {
  await owned[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

/** How long a step is watched, and longer where it is not yet clear. */
interface Lengths {
  readonly bake: string
  readonly extend: string
}
/** Where there is traffic, time enough to judge it by; on a clock that runs a hundred times as fast. */
const SHORT = { blind: { bake: '1s', extend: '0s' }, seeing: { bake: '2m', extend: '6m' } }
const LONG = { blind: { bake: '2m', extend: '0s' }, seeing: { bake: '200m', extend: '0s' } }

function optionsOf({ strategy, entry }: Case, { bake, extend }: Lengths): object {
  if (strategy === 'linear') return { step: 50, interval: bake, extend }
  if (strategy === 'ab') return { header: { 'x-beta': '1' }, hold: bake, bake, extend }
  return {
    bake,
    extend,
    ...(strategy === 'canary' || strategy === 'dns-weighted' ? { steps: [50, 100] } : {}),
    ...(entry === 'instances' && strategy !== 'blue-green' ? { ttl: '1s' } : {}),
  }
}

const nameOf = ({ strategy, entry, as = strategy }: Case): string =>
  `${as.slice(0, 15)}-${entry.slice(0, 4)}-${RUN}`

const entryOf = (name: string, { entry }: Case): EntryRef =>
  entry === 'listener'
    ? { loadBalancer: name, listener: 80 }
    : { dns: { zone: 'example.com', record: `${name}.example.com`, to: entry, port: 80 } }

async function deploy(
  spec: CloudSpec,
  each: Case,
  { lengths = SHORT, on }: { lengths?: typeof SHORT; on?: Parameters<typeof deployIn>[2] } = {},
) {
  const name = nameOf(each)
  const entry = entryOf(name, each)
  await using project = new Owned()
  const directory = mkdtempSync(join(tmpdir(), 'sluice-others-'))
  project.defer(async () => rmSync(directory, { recursive: true }))
  const config = {
    cloud: spec,
    service: { name, entry },
    releases: { old: { version: '1.0.0' }, new: { version: '1.1.0', launchTemplateVersion: 2 } },
    baseline: 'old',
    release: 'new',
    strategy: {
      name: each.strategy,
      options: optionsOf(each, spec === embedded ? lengths.seeing : lengths.blind),
    },
    gates: { notRun: 'allow', minRequests: 50, latency: { p99: '5s', slowdown: 5 } },
    checks: {
      immutable: { skip: 'moto_server says of every instance that it runs the default version' },
      'zone-balance': { skip: 'moto_server launches all instances of a group in one zone' },
    },
  }
  writeFileSync(join(directory, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
  return await deployIn(directory, [], on)
}

async function prepared(spec: CloudSpec, each: Case): Promise<void> {
  const name = nameOf(each)
  await using cloud = await startCloud(spec)
  await prepare(cloud, name, entryOf(name, each))
}

describe.each(OTHERS)('on $name', ({ name, variable, spec, lacks }) => {
  const value = process.env[variable]
  const absent = `${variable} says of no ${name} where it is: run .ci/clouds`
  const here = new Owned()
  let there: CloudSpec
  beforeAll(async () => {
    if (!value) return
    const asked = spec(value)
    if (asked.kind !== 'localstack') there = asked
    else {
      const { address } = here.use(await startCloud(asked))
      there = localstack({ url: address.endpoint ?? '' })
    }
  }, PATIENT.timeout)
  afterAll(() => here[Symbol.asyncDispose]())

  // On the embedded cloud each has services of its own.
  const begin = name.slice(0, 2).toLowerCase()
  const cases = CASES.map((each) => ({ ...each, as: `${begin}-${each.strategy}` }))
  const [carried, refused] = [cases.filter((each) => !lacks(each)), cases.filter((each) => lacks(each))]

  const alike = async (
    cases: readonly Case[],
    exitCode: number,
    how?: Parameters<typeof deploy>[2],
  ): Promise<void> => {
    for (const each of cases) await prepared(there, each)
    const others = await Promise.all(cases.map((each) => deploy(there, each, how)))
    for (const [i, each] of cases.entries()) {
      const other = others[i] ?? { code: null, events: [], err: '' }
      await prepared(embedded, each)
      // By itself, because how it answers its traffic is judged.
      const own = await deploy(embedded, each, how)
      expect([other.code, own.code], `${other.err}\n${own.err}`).toEqual([exitCode, exitCode])
      const without = ranNotInAll(other.events, own.events)
      expect(course(other.events, without)).toEqual(course(own.events, without))
    }
  }

  const isWaiting = ({ entry }: Case): boolean => entry === 'load-balancers'
  test.for(carried.filter((each) => !isWaiting(each)))(
    'a deployment by $strategy ($entry) goes as on the embedded cloud, event by event',
    PATIENT,
    async (each, context) => {
      if (!value) return context.skip(absent)
      await alike([each], 0)
    },
  )

  const waiting = carried.filter(isWaiting)
  test.for(waiting.length > 0 ? [waiting] : [])(
    `deployments by ${waiting.map(({ strategy }) => strategy).join(', ')} (load-balancers) go as on the embedded cloud, event by event`,
    PATIENT,
    async (all, context) => {
      if (!value) return context.skip(absent)
      await alike(all, 0)
    },
  )

  test.for(refused)(
    'a deployment by $strategy ($entry) is refused before anything is touched, with what is missing',
    PATIENT,
    async (each, context) => {
      if (!value) return context.skip(absent)
      const { code, events, err } = await deploy(there, each)
      expect(err).toMatch(
        new RegExp(`lacks what a deployment by ${each.strategy} needs; nothing was touched\n`),
      )
      expect(err).toMatch(lacks(each) ?? /$^/)
      expect({ code, events }).toEqual({ code: 2, events: [] })
    },
  )

  test.for(carried.filter(({ strategy }) => ['canary', 'dns-weighted'].includes(strategy)).slice(-1))(
    'a deployment by $strategy ($entry) that is interrupted goes back as on the embedded cloud, event by event',
    PATIENT,
    async (each, context) => {
      if (!value) return context.skip(absent)
      await alike([{ ...each, as: `${begin}-interrupted` }], 130, {
        lengths: LONG,
        on: (event, child) => {
          if (event.type === 'gate-started' && event.index === 0) child.kill('SIGINT')
        },
      })
    },
  )
})
