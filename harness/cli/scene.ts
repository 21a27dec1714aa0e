import { AsyncLocalStorage } from 'node:async_hooks'
import { startCloud } from '#fixtures/clouds/start'
import { createScenario } from '#fixtures/scenarios/index'
import { testWay } from '#strategies/test-way'
import type { Cloud } from '../cloud.ts'
import type { CloudSpec, Config } from '../config.ts'
import type { CallListener } from '../connect/index.ts'
import type { Site } from '../deployment-run.ts'
import { SluiceError } from '../errors.ts'
import type { StrategySpec } from '../strategy.ts'

/** API calls made: all of them, and those that change something. */
interface CallCount {
  all: number
  writes: number
}

/** A cloud with the service in it, ready to be planned for, tested or deployed to. */
export interface Scene extends AsyncDisposable {
  readonly cloud: Cloud
  /** Those of the work that was begun by `apart`, within it. */
  calls(): Readonly<CallCount>
  apart<Result>(work: () => Promise<Result>): Promise<Result>
  /** From now on no call that changes something is sent unless this allows it. */
  fence(check: () => void): void
}

const READ = /^(Describe|Get|List|Head)/

/** Counts the calls that a connection tells of, and stands before those that change something. */
export function countCalls(): Pick<Scene, 'calls' | 'apart' | 'fence'> & { readonly onCall: CallListener } {
  const calls: CallCount = { all: 0, writes: 0 }
  const apart = new AsyncLocalStorage<CallCount>()
  let check = (): void => {}
  return {
    calls: () => apart.getStore() ?? calls,
    apart: (work) => apart.run({ all: 0, writes: 0 }, work),
    fence: (allowed) => {
      check = allowed
    },
    onCall: ({ operation, service }) => {
      // What is kept in S3 is the lease itself.
      if (service === 's3') return
      const counted = [calls, apart.getStore()]
      for (const count of counted) if (count) count.all++
      if (READ.test(operation)) return
      check()
      for (const count of counted) if (count) count.writes++
    },
  }
}

/**
 * Reaches the cloud, telling what a person should know of it; on the embedded one, which starts empty, also creates the
 * sample service on the baseline.
 */
export async function openScene(
  config: Config,
  spec: CloudSpec,
  signal: AbortSignal,
  tell: (text: string) => void = () => {},
): Promise<Scene> {
  let counting = countCalls()
  const cloud = await startCloud(spec, {
    signal,
    regions: config.sites.map(({ ref }) => ref.region),
    say: (line) => tell(`${line}\n`),
    onCall: (call) => counting.onCall(call),
  })
  try {
    if (spec.kind === 'embedded') await createServices(cloud, config, signal)
  } catch (thrown) {
    await cloud[Symbol.asyncDispose]()
    throw thrown
  }
  // What it took to create them is not the deployment's.
  counting = countCalls()
  const { calls, apart, fence } = counting
  return { cloud, calls, apart, fence, [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose]() }
}

/** Creates every service of a config on its baseline, as the sample service's scenario has it. */
export async function createServices(cloud: Cloud, config: Config, signal: AbortSignal): Promise<void> {
  const regions = [...new Set(config.sites.map(({ ref }) => ref.region))]
  // Names of one domain are made one after the other: whoever comes first makes its zone.
  const inRegion = async (region: string): Promise<void> => {
    const domain = regions.length > 1 ? { domain: `${region}.example.com` } : {}
    for (const [network, { ref, strategy, baseline: release }] of config.sites.entries()) {
      const { name, entry, fleets } = ref
      if (ref.region !== region) continue
      const open = testPorts(strategy)
      const spec = { name, entry, ...domain, region, release, network, fleets, open }
      await createScenario(cloud, spec, { signal })
    }
  }
  await Promise.all(regions.map(inRegion))
}

/** What the strategy may listen on for its tests. */
function testPorts({ options }: StrategySpec): number[] {
  const { data } = testWay.safeParse(options['test'])
  return data && 'listener' in data ? [data.listener] : []
}

/** Of a deployment that only goes back, or tidies up: no gate is judged any more. */
export const noGates: Pick<Site, 'gate' | 'watch'> = {
  gate: async (spec) => {
    throw new SluiceError('internal', `a gate of ${spec.suites} was to be judged on the way back`)
  },
  watch: () => ({ signal: new AbortController().signal, [Symbol.dispose]: () => {} }),
}
