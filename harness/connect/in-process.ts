import type { EC2ClientConfig } from '@aws-sdk/client-ec2'
import type { InitializeMiddleware, RetryErrorInfo, RetryStrategyV2, RetryToken } from '@smithy/types'
import type { Dispatcher } from 'undici'
import type { VirtualClock } from '../virtual-clock.ts'

/** How a cloud in this same process is reached, without any socket and in virtual time. */
export interface InProcess {
  readonly clock: VirtualClock
  /** Lets time pass while an answer takes its time. */
  readonly requestHandler: NonNullable<EC2ClientConfig['requestHandler']>
  readonly dispatcher: Dispatcher
  /** Numbers in [0, 1): how long to wait before a call is tried again. */
  readonly random: () => number
}

/** What the SDK does with a call (reading its config, signing, parsing) takes no time; only the answer does. */
export const standingStill =
  ({ clock }: InProcess): InitializeMiddleware<object, object> =>
  (next) =>
  (args) =>
    clock.still(() => next(args))

/** As the SDK's standard mode does: delays double from these, in milliseconds, up to the longest, and are drawn at random. */
const BASE = { THROTTLING: 500, other: 100 } as const
const LONGEST = 20_000

/** The SDK's own strategy counts its delays in real time, and draws them from chance that cannot be repeated. */
export function retriesInTime({ clock, random }: InProcess, maxAttempts: number): RetryStrategyV2 {
  return {
    acquireInitialRetryToken: async () => tokenOf(0),
    async refreshRetryTokenForRetry(token, { errorType }) {
      const count = token.getRetryCount() + 1
      if (!isTransient(errorType) || count >= maxAttempts) throw new Error('No retry token available')
      const base = errorType === 'THROTTLING' ? BASE.THROTTLING : BASE.other
      const delay = Math.min(LONGEST, random() * base * 2 ** (count - 1))
      await clock.passing(() => clock.sleep(delay))
      return tokenOf(count)
    },
    recordSuccess: () => {},
  }
}

const isTransient = (type: RetryErrorInfo['errorType']): boolean =>
  type === 'THROTTLING' || type === 'TRANSIENT'

const tokenOf = (count: number): RetryToken => ({ getRetryCount: () => count, getRetryDelay: () => 0 })
