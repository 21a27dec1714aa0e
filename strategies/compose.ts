import { mixesOf, sharesByVersion } from '#harness/mix'
import type { GateSpec, Part, Plan, Scope, Stage, Target } from '#harness/strategy'

/** A plan cut in two: the stages that shift traffic, and those that only clear away what no longer gets any. */
interface Halves {
  readonly shifting: readonly Stage[]
  readonly clearing: readonly Stage[]
}

/**
 * Cuts a plan where it has shifted all that it shifts. What comes behind destroys the way back, so a composition may put it
 * off until everything has been proven.
 */
export function halves({ scope, plan }: Part): Halves {
  if (plan.takesBack) return { shifting: plan.stages, clearing: [] }
  const shares = [plan.baseline, ...plan.stages].map((stage) => versionsServed(stage.targets[scope]))
  const final = JSON.stringify(shares.at(-1))
  // The first stage at which every share is as it ends.
  const arrived = shares.findIndex((_, at) =>
    shares.slice(at).every((each) => JSON.stringify(each) === final),
  )
  return { shifting: plan.stages.slice(0, arrived), clearing: plan.stages.slice(arrived) }
}

function versionsServed(target: Target | undefined): readonly (readonly [string, number])[] {
  if (!target) return []
  const releaseOf = (fleet: string): string => target.fleets[fleet]?.release ?? fleet
  const shares = sharesByVersion(target.traffic.shares, releaseOf, mixesOf(target))
  return Object.entries(shares)
    .filter(([, share]) => share > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Ways side by side: the first stage of each at once, then the second of each, … A way that is at its end waits there. */
export function sideways(
  ways: readonly (readonly Stage[])[],
  nameOf: (stages: readonly { readonly way: number; readonly stage: Stage }[]) => string,
): Stage[] {
  const longest = Math.max(0, ...ways.map((way) => way.length))
  return Array.from({ length: longest }, (_, at) => {
    const members = ways.flatMap((stages, way) => {
      const stage = stages[at]
      return stage ? [{ way, stage }] : []
    })
    return joined(
      nameOf(members),
      members.map(({ stage }) => stage),
    )
  })
}

/** Several stages as one: all of their targets, each scope held to its own gate. */
function joined(name: string, stages: readonly Stage[]): Stage {
  const settles = stages.flatMap((stage) => stage.settles ?? [])
  return {
    name,
    targets: Object.assign({}, ...stages.map(({ targets }) => targets)),
    gate: longest(stages.map(({ gate }) => gate)),
    gates: Object.fromEntries(
      stages.flatMap(({ targets, gate, gates }) =>
        Object.keys(targets).map((scope) => [scope, gates?.[scope] ?? gate]),
      ),
    ),
    ...(settles.length > 0 ? { settles } : {}),
  }
}

/** What a gate takes that several scopes are held to: as long as the longest. */
function longest(gates: readonly GateSpec[]): GateSpec {
  const suites = gates[0]?.suites ?? 'shift'
  const most = (of: (gate: GateSpec) => number): number => Math.max(0, ...gates.map(of))
  return { suites, bake: most(({ bake }) => bake), extend: most(({ extend }) => extend) }
}

/** The targets at which these ways have arrived, to be watched for longer. */
export const watchedAt = (name: string, ways: readonly (readonly Stage[])[], gate: GateSpec): Stage => ({
  name,
  targets: Object.assign({}, ...ways.map((stages) => stages.at(-1)?.targets)),
  gate,
})

/** One plan over all parts: it goes back to all of their baselines, in this order. */
export function composed(
  strategy: string,
  parts: readonly Part[],
  stages: readonly Stage[],
  back: readonly (readonly Scope[])[],
): Plan {
  const [first] = parts
  const takesBack = parts.length > 0 && parts.every(({ plan }) => plan.takesBack)
  return {
    strategy,
    from: told(parts, ({ plan }) => plan.from),
    to: told(parts, ({ plan }) => plan.to),
    baseline: {
      name: 'baseline',
      targets: Object.assign({}, ...parts.map(({ plan }) => plan.baseline.targets)),
      gate: first?.plan.baseline.gate ?? { suites: 'pre-deploy', bake: 0, extend: 0 },
    },
    stages,
    back,
    ...(takesBack ? { takesBack } : {}),
  }
}

/** What all parts say alike, or what each service says. */
function told(parts: readonly Part[], of: (part: Part) => string): string {
  const values = [...new Set(parts.map(of))]
  const services = new Set(parts.map(({ service }) => service))
  if (values.length <= 1 && services.size <= 1) return values[0] ?? ''
  return parts.map((part) => `${services.size > 1 ? part.service : part.region} ${of(part)}`).join(', ')
}

/** Services that wait for nobody, then those that wait for these alone, and so on. What waits for itself comes last. */
export function levelsOf(parts: readonly Part[]): readonly (readonly Part[])[] {
  const present = new Set(parts.map(({ service }) => service))
  const levels: Part[][] = []
  let left = parts
  while (left.length > 0) {
    const waiting = new Set(left.map(({ service }) => service))
    const free = left.filter(({ after }) => after.every((each) => !present.has(each) || !waiting.has(each)))
    const level = free.length > 0 ? free : left
    levels.push([...level])
    left = left.filter((part) => !level.includes(part))
  }
  return levels
}
