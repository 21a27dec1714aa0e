/** What suites are written with; published as `sluice/test`. */
import { test as base, type TestAPI } from 'vitest'
import type { Clock } from '../clock.ts'
import { deadline } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { observeService } from '../converge/observe.ts'
import { describeError, SluiceError } from '../errors.ts'
import type { StageRef, SuiteContext, Thresholds, TrafficWindow } from '../gate.ts'
import type { Release, ServiceSnapshot } from '../strategy.ts'
import { connectedCloud } from './connection.ts'
import { type Http, httpOf } from './http.ts'
import { Inconclusive } from './inconclusive.ts'
import { type Neighbour, neighboursOf } from './neighbours.ts'
import { type ProbeSight, sightOf } from './probe.ts'
import { suiteContext } from './suite-context.ts'

export { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest'
export type { Check, CheckOptions } from '../checks/check.ts'
export type { Finding, Severity } from '../checks/finding.ts'
export { checks } from '../checks/index.ts'
export type { Cloud } from '../cloud.ts'
export type { SuiteContext } from '../gate.ts'
export type { FleetSnapshot, Release, ServiceSnapshot } from '../strategy.ts'
export type { Http, HttpAnswer } from './http.ts'
export { Inconclusive } from './inconclusive.ts'
export { expect } from './matchers.ts'
export type { Neighbour } from './neighbours.ts'
export type { ProbeSight } from './probe.ts'
export { clientGroups, suiteContext } from './suite-context.ts'

/** What a test may ask for by name, beside Vitest's own (`signal` aborts with the test). */
export interface SuiteFixtures {
  readonly cloud: Cloud
  /** Cloud time. */
  readonly clock: Clock
  /** The service as observed when this file began to run. Matchers look at the cloud again. */
  readonly service: ServiceSnapshot
  /** The service over HTTP, as its users reach it; while a stage tests one fleet, by its test route. */
  readonly http: Http
  readonly context: SuiteContext
  /** The release being deployed, or the one expected to serve; and the one deployed from. */
  readonly release: Release
  readonly baseline: Release
  /** The stage in force; undefined without a deployment. */
  readonly stage: StageRef | undefined
  /** What the probe has seen in this stage so far, summed up; undefined without one. */
  readonly probe: ProbeSight | undefined
  /** The same as it was counted. */
  readonly traffic: TrafficWindow | undefined
  readonly thresholds: Thresholds
  /**
   * In contract suites, which run again for every mix of versions that serve side by side: the services of the system by
   * name, each over HTTP by an instance of the version that this run is about. Empty elsewhere.
   */
  readonly neighbours: Readonly<Record<string, Neighbour>>
}

/** Wall milliseconds. */
const OBSERVE = 30_000

/** Shared by the tests of a file, for each costs calls; the rest is made for each test. */
const perFile = { scope: 'file' } as const

export const test: TestAPI<SuiteFixtures> = base.extend<SuiteFixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern which fixtures a fixture needs
  context: [async ({}, use) => use(suiteContext()), perFile],
  // biome-ignore lint/correctness/noEmptyPattern: as above
  cloud: [async ({}, use) => use(connectedCloud()), perFile],
  service: [
    async ({ cloud, context }, use) => use(context.observed ?? (await observe(cloud, context))),
    perFile,
  ],
  clock: async ({ cloud }, use) => use(cloud.clock),
  http: async ({ cloud, service, stage, signal }, use) => use(httpOf(cloud, service, signal, stage?.test)),
  release: async ({ context }, use) => use(context.release),
  baseline: async ({ context }, use) => use(context.baseline),
  stage: async ({ context }, use) => use(context.stage),
  probe: async ({ context }, use) => use(context.traffic && sightOf(context.traffic)),
  traffic: async ({ context }, use) => use(context.traffic),
  thresholds: async ({ context }, use) => use(context.thresholds),
  neighbours: async ({ cloud, context, signal }, use) => use(await neighboursOf(cloud, context, signal)),
})

/** A service that is not there is a fact; a cloud that does not answer is inconclusive. */
async function observe(cloud: Cloud, { service }: SuiteContext): Promise<ServiceSnapshot> {
  const late = (): Error => new SluiceError('timeout', `${service.name} was not seen within ${OBSERVE} ms`)
  using limit = deadline(cloud.clock.wall, OBSERVE, late)
  try {
    return await observeService(cloud, service, limit.signal)
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'precondition') throw thrown
    throw new Inconclusive(`${service.name} could not be observed: ${describeError(thrown)}`, {
      cause: thrown,
    })
  }
}
