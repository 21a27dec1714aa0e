import type { GetCallerIdentityCommandOutput } from '@aws-sdk/client-sts'
import { deadline, wallClock } from '../clock.ts'
import type { CloudAddress } from '../cloud.ts'
import { describeError, SluiceError } from '../errors.ts'
import { createClients } from './clients.ts'
import { explainFailure } from './explain.ts'

export interface DescribeAccountOptions {
  /** Ids of the accounts that may be touched. */
  readonly accounts: readonly string[]
  /** The only regions that clients are made for; the first is the default. */
  readonly regions: readonly string[]
  /** Named profile; the SDK's default chain without it. */
  readonly profile?: string
  readonly callsPerSecond: number
  readonly signal?: AbortSignal
}

/** Wall milliseconds: looking for credentials includes asking the metadata service of an instance. */
const ANSWER_WITHIN = 20_000

export async function describeAccount(options: DescribeAccountOptions): Promise<CloudAddress> {
  const { accounts, regions, profile, callsPerSecond } = options
  const [region] = regions
  if (region === undefined || accounts.length === 0) {
    throw new SluiceError('config', 'a live cloud needs the accounts and the regions that may be touched', {
      hint: "cloud: live({ account: '…', regions: ['…'] })",
    })
  }
  const address = {
    kind: 'live',
    account: '',
    region,
    regions,
    clock: { kind: 'real' },
    ...(profile === undefined ? {} : { profile }),
    callsPerSecond,
    // Its load balancers, instances and names are real, and the system's resolver finds them.
    lacks: { faults: 'nothing but single instances is harmed in an account of AWS' },
  } as const satisfies CloudAddress
  const { Account: account, Arn: arn } = await callerIdentity(address, options.signal)
  if (account !== undefined && accounts.includes(account)) return { ...address, account }
  throw new SluiceError(
    'precondition',
    `these credentials are ${arn ?? 'of nobody'} in account ${account ?? 'unknown'}, which the config does not allow (allowed: ${accounts.join(', ')})`,
    { hint: 'choose other credentials with AWS_PROFILE, or name the account in live({ accounts })' },
  )
}

/** Who the credentials belong to. Every failure is one that the user has to mend: nothing has been touched yet. */
async function callerIdentity(
  address: CloudAddress,
  signal?: AbortSignal,
): Promise<GetCallerIdentityCommandOutput> {
  const profile = address.profile ?? process.env['AWS_PROFILE']
  using limit = deadline(
    wallClock,
    ANSWER_WITHIN,
    () => new SluiceError('timeout', `no answer within ${ANSWER_WITHIN / 1_000} s`),
    signal,
  )
  const clients = createClients(address, address.region, { maxAttempts: 2 })
  try {
    const { GetCallerIdentityCommand } = await import('@aws-sdk/client-sts')
    return await clients.sts.send(new GetCallerIdentityCommand({}), { abortSignal: limit.signal })
  } catch (thrown) {
    signal?.throwIfAborted()
    const why = limit.signal.aborted ? limit.signal.reason : thrown
    const told = explainFailure(why)
    throw new SluiceError(
      'precondition',
      `STS in ${address.region} does not say whose credentials these are${profile ? ` (profile ${profile})` : ''}: ${describeError(told ?? why)}`,
      { cause: thrown, hint: told?.hint ?? '`aws sts get-caller-identity` must answer' },
    )
  } finally {
    clients.destroy()
  }
}
