import type { Fault } from './faults.ts'
import { differences } from './inventory.ts'
import type { Simulated } from './simulation.ts'

/** What a deployment of this release with these faults may come to. */
export interface Expectation {
  /** The release has no defect. */
  readonly good: boolean
  readonly faults: readonly Fault[]
}

/** Why a deployment did not end as it should, a line each; empty when it did. */
export function unexpected(simulated: Simulated, expectation: Expectation): readonly string[] {
  const { end, before, after, events, broken } = simulated
  const ended = events.findLast((event) => event.type === 'deployment-ended')
  const said = `it ended ${end.state} with exit code ${end.exitCode}: ${ended?.sentence}`
  const ending = mayEnd(simulated, expectation) ? [] : [said]
  const stands = end.state === 'promoted' ? notServing(simulated) : differences(before, after)
  return [...ending, ...broken, ...stands]
}

function mayEnd({ end, plan, stoppedAt }: Simulated, { good, faults }: Expectation): boolean {
  const back = end.state === 'reverted' || end.state === 'untouched'
  // Taken up after its process was stopped it goes back, for nobody watched its release meanwhile.
  if (stoppedAt !== undefined && back && end.exitCode === 130) return true
  const mayStop = back && faults.some((fault) => fault.kind === 'injected' && fault.mayStop)
  if (!good) return mayStop || (back && (end.exitCode === 3 || end.exitCode === 4))
  if (plan.takesBack) return mayStop || (back && end.exitCode === 0)
  return mayStop || end.state === 'promoted' || end.state === 'nothing-to-do'
}

/** Of what was promoted: what keeps it from serving everybody, alone. */
function notServing({ sites, after }: Simulated): string[] {
  const fleets = sites.flatMap(({ service, version }) => {
    const serving = service.fleets.filter(({ name }) => (service.shares[name] ?? 0) > 0)
    if (serving.length === 0) return [`no fleet of ${service.scope} serves`]
    return serving.flatMap(({ name, release, healthy, desiredCapacity }) => [
      ...(release === version ? [] : [`${name} serves ${release}, not ${version}`]),
      ...(healthy === desiredCapacity
        ? []
        : [`${name} has ${healthy} of ${desiredCapacity} instances healthy`]),
    ])
  })
  const regions = [...new Set(sites.map(({ service }) => service.region))]
  const over = regions.flatMap((region) => {
    const here = sites.flatMap(({ service }) => (service.region === region ? service.fleets : []))
    const wanted = here.reduce((sum, fleet) => sum + fleet.desiredCapacity, 0)
    const running = Number(after[`${region} instances`])
    return running === wanted ? [] : [`${running} instances run in ${region} where ${wanted} are wanted`]
  })
  return [...fleets, ...over]
}
