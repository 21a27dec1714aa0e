import { describeDowntime } from '../downtime.ts'
import { formatDuration } from '../duration.ts'
import { hashPlan } from '../plan.ts'
import type { Plan, Stage } from '../strategy.ts'
import { loadConfig } from './config-file.ts'
import type { Invocation } from './main.ts'
import { drawPlan, openScene } from './scene.ts'

/** `sluice plan`: prints the stages of the way to a release. Changes nothing of the service. */
export async function plan({ flags, cwd, env, output, interrupt }: Invocation): Promise<number> {
  const config = await loadConfig({ cwd, env, flags })
  // What the embedded cloud starts with is made for the plan and gone with it: no need to wait as on AWS.
  const spec = config.cloud.kind === 'embedded' ? { ...config.cloud, settle: 'fast' as const } : config.cloud
  await using scene = await openScene(config, spec, interrupt)
  const { plan } = await drawPlan(config, scene, interrupt)
  const hash = hashPlan(plan)
  if (flags.json) {
    const { stages, baseline, ...head } = plan
    output.data(
      `${JSON.stringify({ type: 'plan', service: config.service.name, hash, stages: stages.length, ...head })}\n`,
    )
    output.data(`${JSON.stringify({ type: 'baseline', ...baseline })}\n`)
    for (const [index, stage] of stages.entries())
      output.data(`${JSON.stringify({ type: 'stage', index, ...stage })}\n`)
    return 0
  }
  output.data(printPlan(config.service.name, plan, hash))
  return 0
}

export function printPlan(service: string, plan: Plan, hash: string): string {
  const head = `${service}: ${plan.from} → ${plan.to} by ${plan.strategy} (plan ${hash.slice(0, 12)})\n`
  if (plan.stages.length === 0) return `${head}\n${service} already runs ${plan.to}: nothing to do.\n`
  const rows = [['', 'stage', 'traffic', 'capacity', 'gate'], ...[plan.baseline, ...plan.stages].map(rowOf)]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const bakes = plan.stages.reduce((sum, stage) => sum + stage.gate.bake, 0)
  return `${head}\n${lines.join('\n')}\n${announcement(plan)}\nBakes: ${formatDuration(bakes)} in all. A gate that does not pass reverts to the baseline, traffic first.\n`
}

const announcement = (plan: Plan): string => {
  const announced = describeDowntime(plan)
  return announced === undefined ? '' : `\n${announced}\n`
}

function rowOf(stage: Stage, index: number): string[] {
  const targets = Object.values(stage.targets)
  const traffic = targets.flatMap((target) => {
    const total = Object.values(target.traffic.shares).reduce((sum, share) => sum + share, 0)
    return Object.entries(target.traffic.shares).map(
      ([fleet, share]) =>
        `${target.fleets[fleet]?.release ?? fleet} ${total === 0 ? 0 : Math.round((100 * share) / total)}%`,
    )
  })
  const capacity = targets.flatMap((target) =>
    Object.values(target.fleets).map((fleet) => `${fleet.release} ×${fleet.desiredCapacity}`),
  )
  const { suites, bake } = stage.gate
  const gate = index === 0 ? 'pre-deploy' : bake > 0 ? `${suites}, bake ${formatDuration(bake)}` : suites
  return [String(index), stage.name, traffic.join(', '), capacity.join(', '), gate]
}
