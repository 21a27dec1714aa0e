import { z } from 'zod'
import { CHECK_NAMES, type CheckName } from './checks/names.ts'
import { duration, formatDuration } from './duration.ts'

/** What a config says of built-in checks, and why. Without a name of its own, so that declarations can tell it. */
export type CheckSettings = Readonly<
  Partial<
    Record<
      CheckName,
      {
        /** Why it is left out. */
        readonly skip?: string | undefined
        /** Why it is told something else than it would be. */
        readonly because?: string | undefined
        /** Cloud milliseconds until what is not yet right counts as wrong. */
        readonly timeout?: number | undefined
        /** Of `suspended-processes`: processes that may be suspended, beside those that may be anyway. */
        readonly allowed?: readonly string[] | undefined
        /** Of `certificate`: for how many milliseconds it must be valid still. */
        readonly left?: number | undefined
        /** Of `dns-settings`: the longest TTL that a name may have, in milliseconds. */
        readonly ttl?: number | undefined
      }
    >
  >
>

const reason = z.string().trim().min(1, 'expected the reason')

/** What a check can be told beside its patience. */
const OWN: Partial<Record<CheckName, z.ZodRawShape>> = {
  certificate: { left: duration.optional() },
  'dns-settings': { ttl: duration.optional() },
  'suspended-processes': { allowed: z.array(z.string().min(1)).min(1).optional() },
}

function settingOf(name: CheckName) {
  const own = OWN[name] ?? {}
  return z
    .strictObject({
      skip: reason.optional(),
      because: reason.optional(),
      timeout: duration.optional(),
      ...own,
    })
    .superRefine(({ skip, because, ...told }, context) => {
      const any = Object.values(told).some((value) => value !== undefined)
      const say = (message: string): void => context.addIssue({ code: 'custom', message })
      if (skip !== undefined && (any || because !== undefined))
        say('a check that is left out (skip) is told nothing else')
      else if (skip === undefined && !any)
        say(
          `expected skip with the reason to leave it out, or what to tell it (${['timeout', ...Object.keys(own)].join(', ')})`,
        )
      else if (any && because === undefined) say('expected because, with the reason')
    })
    .optional()
}

/** Checks by name, each with its reason: there is no other way to leave one out. */
export const checkSettings: z.ZodType<CheckSettings> = z.strictObject(
  Object.fromEntries(CHECK_NAMES.map((name) => [name, settingOf(name)])),
)

/** What reports say of each: one sentence with its reason. */
export const tellSettings = (settings: CheckSettings = {}): readonly string[] =>
  Object.entries(settings).map(([name, { skip, because, timeout, allowed, left, ttl }]) => {
    if (skip !== undefined) return `${name} is left out: ${skip}`
    const told = [
      ...(timeout === undefined ? [] : [`waits up to ${formatDuration(timeout)}`]),
      ...(allowed ? [`allows ${allowed.join(', ')}`] : []),
      ...(left === undefined ? [] : [`asks for ${formatDuration(left)} of validity`]),
      ...(ttl === undefined ? [] : [`takes TTLs up to ${formatDuration(ttl)}`]),
    ]
    return `${name} ${told.join(' and ')}: ${because}`
  })
