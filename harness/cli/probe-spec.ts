import { leadingNames } from '../checks/dns-names.ts'
import type { Cloud } from '../cloud.ts'
import type { Config } from '../config.ts'
import { describeError, SluiceError } from '../errors.ts'
import { estimate } from '../estimate.ts'
import type { ProbeSpec } from '../probe.ts'
import type { Plan } from '../strategy.ts'
import type { PlannedSite } from './conduct.ts'

interface Probing {
  readonly config: Config
  readonly cloud: Cloud
  readonly plan: Plan
  readonly sites: readonly PlannedSite[]
}

/** How a site's own probe asks. */
export async function probeSpec(
  { config, cloud, plan, sites }: Probing,
  site: PlannedSite,
  signal: AbortSignal,
): Promise<ProbeSpec> {
  const { ref, release, from, before } = site
  const { rate, budget, dns, ...asked } = config.probe
  const port = before.entry.port === 80 ? '' : `:${before.entry.port}`
  const afford =
    budget === undefined ? {} : affordable(rate, budget / sites.length, secondsOf(plan, sites, cloud))
  return {
    ...asked,
    rate,
    ...afford,
    ...(dns ? { dns: { ...dns, name: dns.name ?? (await nameOf(cloud, site, signal)) } } : {}),
    cloud: cloud.address,
    url: `${before.entry.protocol.toLowerCase()}://${before.entry.dnsName}${port}${ref.url}`,
    bucket: bucketOf(cloud.clock.scale),
    versions: [from, release.version, ...before.fleets.map((fleet) => fleet.release)],
  }
}

/** How often traffic is summed, in wall milliseconds: finer where cloud time runs faster. */
const bucketOf = (scale: number): number => (scale > 1 ? 250 : 1_000)

/** A deployment may take longer than it is expected to, and have to go back. */
const RESERVE = 2

/** Pure. A rate at which a budget lasts for these seconds with a reserve; when it is spent all the same, the probe stops. */
export const affordable = (
  rate: number,
  budget: number,
  seconds: number,
): { readonly rate: number; readonly most: number } => ({
  rate: Math.min(rate, budget / (seconds * RESERVE)),
  most: Math.floor(budget),
})

/** Wall seconds that a plan is expected to take, its longest way back included. */
function secondsOf(plan: Plan, sites: readonly PlannedSite[], { clock }: Cloud): number {
  const stages = estimate(
    plan,
    sites.map(({ before }) => before),
  )
  const forward = stages.reduce((sum, { whole }) => sum + whole, 0)
  const back = Math.max(0, ...stages.map((stage) => stage.back))
  return Math.max(1, (forward + back) / clock.scale / 1_000)
}

/** The name by which users find the service: that of a record that leads to it, else the load balancer's own. */
async function nameOf(cloud: Cloud, { before }: PlannedSite, signal: AbortSignal): Promise<string> {
  try {
    const [leading] = await leadingNames(cloud, before, signal)
    return leading?.name ?? before.entry.dnsName
  } catch (thrown) {
    signal.throwIfAborted()
    const why = `the DNS name of ${before.scope} could not be found: ${describeError(thrown)}`
    throw new SluiceError('precondition', why, {
      cause: thrown,
      hint: 'give it as probe.dns.name in the config',
    })
  }
}
