import { describeDowntime } from '../downtime.ts'
import { formatDuration } from '../duration.ts'
import { estimate, type StageEstimate } from '../estimate.ts'
import { mixesOf, replacedIn, sharesByVersion } from '../mix.ts'
import { hashPlan } from '../plan.ts'
import { describeClients, describeTest } from '../route.ts'
import type { FleetTarget, Plan, Stage } from '../strategy.ts'
import { loadConfig } from './config-file.ts'
import { drawPlan } from './draw.ts'
import type { Invocation } from './main.ts'
import { openScene } from './scene.ts'
import { table } from './table.ts'

/** `sluice plan`: prints the stages of the way to a release. Changes nothing of the service. */
export async function plan({ flags, cwd, env, output, interrupt }: Invocation): Promise<number> {
  const config = await loadConfig({ cwd, env, flags })
  // What the embedded cloud starts with is made for the plan and gone with it: no need to wait as on AWS.
  const spec = config.cloud.kind === 'embedded' ? { ...config.cloud, settle: 'fast' as const } : config.cloud
  await using scene = await openScene(config, spec, interrupt, output.people)
  const { plan, sites } = await drawPlan(config, scene.cloud, interrupt)
  const expected = estimate(
    plan,
    sites.map(({ before }) => before),
  )
  const hash = hashPlan(plan)
  if (flags.json) {
    const { stages, baseline, ...head } = plan
    output.data(
      `${JSON.stringify({ type: 'plan', service: config.name, hash, stages: stages.length, ...head })}\n`,
    )
    output.data(`${JSON.stringify({ type: 'baseline', ...baseline })}\n`)
    for (const [index, stage] of stages.entries())
      output.data(`${JSON.stringify({ type: 'stage', index, ...stage, estimate: expected[index] })}\n`)
    return 0
  }
  output.data(printPlan(config.name, plan, hash, expected))
  return 0
}

export function printPlan(
  service: string,
  plan: Plan,
  hash: string,
  expected: readonly StageEstimate[],
): string {
  const head = `${service}: ${plan.from} → ${plan.to} by ${plan.strategy} (plan ${hash.slice(0, 12)})\n`
  if (plan.stages.length === 0) return `${head}\n${service} already runs ${plan.to}: nothing to do.\n`
  const rows = [['', 'stage', 'traffic', 'capacity', 'gate'], ...[plan.baseline, ...plan.stages].map(rowOf)]
  return `${head}\n${table(rows)}\n${announcement(plan)}\n${expectation(plan, expected)}`
}

/** A minute more or less is nobody's to promise. */
const roughly = (ms: number): string =>
  ms < 90_000 ? formatDuration(Math.round(ms / 10_000) * 10_000) : `${Math.round(ms / 60_000)} m`

function expectation(plan: Plan, expected: readonly StageEstimate[]): string {
  const total = (of: (stage: StageEstimate) => number): number =>
    expected.reduce((sum, stage) => sum + of(stage), 0)
  const parts = [
    ['bakes', total(({ bake }) => bake)],
    ['boots and health checks', total(({ boots }) => boots)],
    ['drains and terminations', total(({ drains }) => drains)],
    ['DNS in sync and TTLs run out', total(({ names }) => names)],
  ] as const
  const named = parts.flatMap(([name, ms]) => (ms > 0 ? `${name} ${roughly(ms)}` : []))
  return [
    `Takes about ${roughly(total(({ whole }) => whole))}: ${named.join(', ')}.`,
    `Where a gate does not pass, ${wayBack(expected)}.`,
    ...registering(plan),
    ...keeping(plan),
    ...(plan.takesBack ? [`${plan.to} is only tried: when the last gate has opened, it is taken back.`] : []),
    '',
  ].join('\n')
}

/** By registration two releases serve side by side for as long as the change takes. */
function registering({ stages }: Plan): string[] {
  const vias = stages.flatMap(({ targets }) => Object.values(targets).map(({ traffic }) => traffic.via))
  return vias.includes('registration')
    ? [
        'Users are led by registration: the target group stays, a new fleet is attached to it before the old one is detached, and both serve in between.',
      ]
    : []
}

/** What becomes of the old release once the new one is promoted, where it is kept. */
function keeping({ stages, from }: Plan): string[] {
  const last = Object.values(stages.at(-1)?.targets ?? {}).flatMap(({ fleets }) => Object.values(fleets))
  const time = last.find(({ kept }) => kept?.for !== undefined)?.kept?.for
  return time === undefined
    ? []
    : [
        `${from} then stands by for ${formatDuration(time)} at full capacity: \`sluice revert\` is one call. \`sluice tidy\` or the next deployment parks it after that.`,
      ]
}

/** How users get back to the old release: stages from which that takes as long are told together. */
function wayBack(expected: readonly StageEstimate[]): string {
  const slow = expected.filter(({ back }) => back > 0)
  const groups = Map.groupBy(slow, ({ back }) => roughly(back))
  const all = slow.length === expected.length
  const told = [...groups].map(([time, stages]) =>
    all && groups.size === 1
      ? `in about ${time}`
      : `from ${stages.map(({ name }) => name).join(', ')} in about ${time}`,
  )
  if (slow.length === 0) return 'users are back on the old release with one call, from every stage'
  return `users are back on the old release ${all ? '' : 'with one call; '}${told.join(', ')}`
}

function capacityOf(goal: FleetTarget): string[] {
  const fresh = replacedIn(goal)
  if (!goal.mix || fresh === 0 || goal.release === goal.mix.release)
    return [`${goal.release} ×${goal.desiredCapacity}`]
  return [`${goal.release} ×${goal.desiredCapacity - fresh}`, `${goal.mix.release} ×${fresh}`]
}

const announcement = (plan: Plan): string => {
  const announced = describeDowntime(plan)
  return announced === undefined ? '' : `\n${announced}\n`
}

function rowOf(stage: Stage, index: number): string[] {
  const scopes = Object.entries(stage.targets)
  const targets = scopes.map(([, target]) => target)
  const traffic = scopes.flatMap(([scope, target]) => {
    const releaseOf = (fleet: string): string => target.fleets[fleet]?.release ?? fleet
    const shares = sharesByVersion(target.traffic.shares, releaseOf, mixesOf(target))
    const { route, test } = target.traffic
    // Several services or regions are told apart by name.
    const where = scopes.length > 1 ? `${scope}: ` : ''
    return [
      ...Object.entries(shares).map(([version, share]) => `${where}${version} ${Math.round(100 * share)}%`),
      ...(route ? [`${describeClients(route)} → ${releaseOf(route.to)}`] : []),
      ...(test ? [`${describeTest(test)} → ${releaseOf(test.to)}`] : []),
    ]
  })
  const capacity = targets.flatMap((target) => Object.values(target.fleets).flatMap(capacityOf))
  const { suites, bake } = stage.gate
  const { approval } = stage.gate
  const person = approval === undefined ? '' : `, approval within ${formatDuration(approval)}`
  const gate = index === 0 ? 'pre-deploy' : bake > 0 ? `${suites}, bake ${formatDuration(bake)}` : suites
  return [String(index), stage.name, traffic.join(', '), capacity.join(', '), gate + person]
}
