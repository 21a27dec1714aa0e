import type { CheckSettings } from '../check-settings.ts'
import type { Check, CheckOptions } from '../checks/check.ts'
import { nameOf } from '../checks/index.ts'
import { LeftOut } from './inconclusive.ts'

/** How long a matcher looks again before it gives up. */
export interface Retry {
  /** Cloud milliseconds; 45 s when not given (100 s for what an instance may have to be replaced for); 0 looks once. */
  readonly timeout?: number | undefined
}

/** Cloud milliseconds that a check is given to come right. */
export const TIMEOUT = 45_000

/** An instance that died is found by two health checks, replaced, booted and checked: somewhat above a minute. */
export const REPLACEMENT = 100_000

/** What a test tells a check, and what the config tells it; throws where the config leaves it out. */
export function asConfigured<Options extends CheckOptions>(
  check: Check<Options>,
  given: Options & Retry,
  settings: CheckSettings | undefined,
) {
  const name = nameOf(check)
  const setting = name && settings?.[name]
  if (!setting) return given
  const { skip, timeout, allowed, left, ttl } = setting
  if (skip !== undefined) throw new LeftOut(`${name} is left out by the config: ${skip}`)
  return {
    ...given,
    ...(timeout === undefined ? {} : { timeout }),
    ...(left === undefined ? {} : { left }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(allowed ? { allowed: [...allowed, ...(('allowed' in given && asList(given.allowed)) || [])] } : {}),
  }
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
