import { startCloud } from '#fixtures/clouds/start'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { strategyNamed } from '#strategies/index'
import { withApprovals } from '../approvals.ts'
import type { Cloud } from '../cloud.ts'
import type { CloudSpec, Config } from '../config.ts'
import { observeService } from '../converge/observe.ts'
import type { DeploymentRun } from '../deployment-run.ts'
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
  /** From now on no call that changes something is sent unless this allows it. */
  fence(check: () => void): void
  readonly release: Release
  readonly baseline: Release
}

const READ = /^(Describe|Get|List|Head)/

/** Reaches the cloud; on the embedded one, which starts empty, also creates the sample service on the baseline. */
export async function openScene(config: Config, spec: CloudSpec, signal: AbortSignal): Promise<Scene> {
  const calls: CallCount = { all: 0, writes: 0 }
  let check = (): void => {}
  const cloud = await startCloud(spec, {
    signal,
    onCall: ({ operation, service }) => {
      // What is kept in S3 is the lease itself.
      if (service === 's3') return
      calls.all++
      if (READ.test(operation)) return
      check()
      calls.writes++
    },
  })
  const baseline = releaseNamed(config, config.baseline)
  try {
    if (spec.kind === 'embedded') {
      await createService(cloud, config, signal)
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
    fence: (allowed) => {
      check = allowed
    },
    baseline,
    release: releaseNamed(config, config.release),
    [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
  }
}

/** Creates the service of a config on its baseline, as the sample service's scenario has it. */
export async function createService(cloud: Cloud, config: Config, signal: AbortSignal): Promise<void> {
  const { name, entry, region } = config.service
  const release = releaseNamed(config, config.baseline)
  const { loadBalancer, listener } = entry
  await createSampleService(cloud, { name, loadBalancer, listener, region, release }, { signal })
}

/** Of a deployment that only goes back, or tidies up: no gate is judged any more. */
export const noGates: Pick<DeploymentRun, 'gate' | 'watch'> = {
  gate: async (spec) => {
    throw new SluiceError('internal', `a gate of ${spec.suites} was to be judged on the way back`)
  },
  watch: () => ({ signal: new AbortController().signal, [Symbol.dispose]: () => {} }),
}

export async function drawPlan(
  config: Config,
  scene: Scene,
  signal: AbortSignal,
): Promise<{ plan: Plan; before: ServiceSnapshot }> {
  const before = await observeService(scene.cloud, config.service, signal)
  const { name, options } = config.strategy
  const plan = strategyNamed(name).draw(options)(before, scene.release)
  return { before, plan: withApprovals(plan, config.approvals) }
}

function releaseNamed(config: Config, key: string): Release {
  const release = config.releases[key]
  if (release) return release
  throw new SluiceError('internal', `release ${key} passed validation but is not in the config`)
}
