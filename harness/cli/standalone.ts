import type { TestProject } from 'vitest/node'
import { startCloud } from '#fixtures/clouds/start'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import type { Cloud } from '../cloud.ts'
import type { Config } from '../config.ts'
import { observeService } from '../converge/observe.ts'
import { SluiceError } from '../errors.ts'
import type { SuiteContext } from '../gate.ts'
import type { GatePhase, Release } from '../strategy.ts'
import { loadConfig } from './config-file.ts'

/**
 * Vitest's globalSetup: lets `vitest --project <phase>` run suites with no harness. Reaches the cloud of the config
 * (or of `SLUICE_CLOUD`, `AWS_ENDPOINT_URL`) and gives the suites a context without a deployment: what serves is both
 * release and baseline. The embedded cloud starts empty, so the sample service is created in it; in another cloud
 * only when `SLUICE_SCENARIO` is set.
 */
// biome-ignore lint/style/noDefaultExport: Vitest calls the default export of a globalSetup file
export default async function standalone(project: TestProject): Promise<() => Promise<void>> {
  const config = await loadConfig({ cwd: process.cwd(), env: process.env, flags: {} })
  const cloud = await startCloud(config.cloud)
  try {
    if (config.cloud.kind === 'embedded' || process.env['SLUICE_SCENARIO'])
      await createScenario(config, cloud)
    project.provide('sluice', await contextOf(config, cloud, phaseOf(project.name)))
  } catch (thrown) {
    await cloud[Symbol.asyncDispose]()
    throw thrown
  }
  return async () => await cloud[Symbol.asyncDispose]()
}

async function createScenario(config: Config, cloud: Cloud): Promise<void> {
  const { name, region, entry } = config.service
  const release = config.releases[config.baseline]
  if (!release) throw new SluiceError('internal', `release ${config.baseline} is not in the config`)
  await createSampleService(cloud, { name, region, ...entry, release })
}

async function contextOf(config: Config, cloud: Cloud, phase: GatePhase): Promise<SuiteContext> {
  const { fleets } = await observeService(cloud, config.service)
  const version = fleets.find((fleet) => fleet.role === 'stable')?.release ?? 'unknown'
  const serving: Release = Object.values(config.releases).find((each) => each.version === version) ?? {
    version,
  }
  return {
    cloud: cloud.address,
    service: config.service,
    phase,
    release: serving,
    baseline: serving,
    thresholds: config.gates,
  }
}

const PHASES: readonly GatePhase[] = ['pre-deploy', 'shift', 'post-deploy', 'resilience']

function phaseOf(name: string): GatePhase {
  const phase = PHASES.find((each) => each === name)
  if (phase) return phase
  throw new SluiceError('usage', `project ${name} is no phase; phases: ${PHASES.join(', ')}`)
}
