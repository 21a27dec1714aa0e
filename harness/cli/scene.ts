import { startCloud } from '#fixtures/clouds/start'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { strategyNamed } from '#strategies/index'
import type { Cloud } from '../cloud.ts'
import type { CloudSpec, Config } from '../config.ts'
import { observeService } from '../converge/observe.ts'
import { SluiceError } from '../errors.ts'
import type { Plan, Release, ServiceSnapshot } from '../strategy.ts'

/** API calls made: all of them, and those that change something. */
interface CallCount {
  all: number
  writes: number
}

/** A cloud with the service in it, ready to be planned for, tested or deployed to. */
export interface Scene extends AsyncDisposable {
  readonly cloud: Cloud
  readonly calls: CallCount
  readonly release: Release
  readonly baseline: Release
}

const READ = /^(Describe|Get|List|Head)/

/** Reaches the cloud; on the embedded one, which starts empty, also creates the sample service on the baseline. */
export async function openScene(config: Config, spec: CloudSpec, signal: AbortSignal): Promise<Scene> {
  const calls: CallCount = { all: 0, writes: 0 }
  const cloud = await startCloud(spec, {
    signal,
    onCall: ({ operation }) => {
      calls.all++
      if (!READ.test(operation)) calls.writes++
    },
  })
  const baseline = releaseNamed(config, config.baseline)
  try {
    if (spec.kind === 'embedded') {
      const { name, entry, region } = config.service
      await createSampleService(
        cloud,
        { name, loadBalancer: entry.loadBalancer, listener: entry.listener, region, release: baseline },
        { signal },
      )
    }
  } catch (thrown) {
    await cloud[Symbol.asyncDispose]()
    throw thrown
  }
  calls.all = 0
  calls.writes = 0
  return {
    cloud,
    calls,
    baseline,
    release: releaseNamed(config, config.release),
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  }
}

export async function drawPlan(
  config: Config,
  scene: Scene,
  signal: AbortSignal,
): Promise<{ plan: Plan; before: ServiceSnapshot }> {
  const before = await observeService(scene.cloud, config.service, signal)
  const { name, options } = config.strategy
  return { before, plan: strategyNamed(name).draw(options)(before, scene.release) }
}

function releaseNamed(config: Config, key: string): Release {
  const release = config.releases[key]
  if (release) return release
  throw new SluiceError('internal', `release ${key} passed validation but is not in the config`)
}
