import { createHash } from 'node:crypto'
import type { Plan, Scope } from './strategy.ts'

/** SHA-256 of a plan, independent of the order in which its members were written. */
export const hashPlan = (plan: Plan): string => createHash('sha256').update(canonical(plan)).digest('hex')

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`)
  return `{${members.join(',')}}`
}

/** The version that serves at a scope before a plan, and after it was turned back: of the fleet with the most traffic. */
export function baselineVersion({ baseline, from }: Plan, scope: Scope): string {
  const target = baseline.targets[scope]
  const [most] = Object.entries(target?.traffic.shares ?? {}).sort(([, a], [, b]) => b - a)
  return (most && target?.fleets[most[0]]?.release) ?? from
}
