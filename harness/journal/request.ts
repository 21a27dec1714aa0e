import { z } from 'zod'

/** What somebody on another terminal asks of a deployment. */
const request = z.looseObject({
  deployment: z.string(),
  ask: z.enum(['revert', 'approve']),
  /** Who: user and host. */
  by: z.string(),
  at: z.iso.datetime(),
})

export type Request = z.output<typeof request>

/** The request in a message; undefined when it is none. */
export function parseRequest(value: unknown): Request | undefined {
  const parsed = request.safeParse(value)
  return parsed.success ? parsed.data : undefined
}
