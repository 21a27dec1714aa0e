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
    stages: plan.stages.map((stage) =>
      asked(stage) ? { ...stage, gate: { ...stage.gate, approval: within } } : stage,
    ),
  }
}
