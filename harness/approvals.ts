import { SluiceError } from './errors.ts'
import type { Plan, Stage } from './strategy.ts'

/** Where a person must approve before a deployment goes on. */
export interface Approvals {
  /** Names of stages, as `sluice plan` prints them; `every`: each one that shifts traffic. */
  readonly stages: 'every' | readonly string[]
  /** Cloud milliseconds until nobody is waited for any longer. */
  readonly within: number
}

/** A plan whose gates open at these stages only when a person approves as well. Throws `config` for an unknown stage. */
export function withApprovals(plan: Plan, approvals: Approvals | undefined): Plan {
  if (!approvals || plan.stages.length === 0) return plan
  const { stages, within } = approvals
  const names = plan.stages.map(({ name }) => name)
  const unknown = stages === 'every' ? [] : stages.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    throw new SluiceError('config', `approvals.stages names no stage of this plan: ${unknown.join(', ')}`, {
      hint: `its stages are: ${names.join(', ')}`,
    })
  }
  const asked = ({ name, gate }: Stage): boolean =>
    stages === 'every' ? gate.suites === 'shift' : stages.includes(name)
  return {
    ...plan,
    stages: plan.stages.map((stage) => (asked(stage) ? approved(stage, within) : stage)),
  }
}

/** Where several scopes are judged, a person is asked once: beside the first of them. */
function approved(stage: Stage, within: number): Stage {
  const { gate, gates } = stage
  const asked = { ...gate, approval: within }
  const [first] = Object.entries(gates ?? {})
  if (!first) return { ...stage, gate: asked }
  return { ...stage, gate: asked, gates: { ...gates, [first[0]]: { ...first[1], approval: within } } }
}
