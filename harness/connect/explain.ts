import { type ErrorCode, SluiceError } from '../errors.ts'

interface Kind {
  readonly code: ErrorCode
  readonly message: (thrown: Error) => string
  readonly hint: string
}

/** The services write one thing in several ways: EC2 has codes of its own, S3 and the JSON services as well. */
const EXPIRED = ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired']
const INVALID = [
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'IncompleteSignature',
  'MissingAuthenticationToken',
  'AuthFailure',
]
const DENIED = ['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'AuthorizationError']
const ABSENT = ['CredentialsProviderError', 'TokenProviderError']
const THROTTLED = ['Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequestsException']
const NETWORK = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]

const RENEW =
  'renew them (`aws sso login`, or new keys), or choose others with AWS_PROFILE; `aws sts get-caller-identity` must answer'

const absent: Kind = {
  code: 'precondition',
  message: (thrown) => `there are no AWS credentials: ${firstSentence(thrown.message)}`,
  hint: 'set AWS_PROFILE, run `aws sso login`, or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
}
const expired: Kind = {
  code: 'precondition',
  message: (thrown) => `the AWS credentials have expired (${thrown.name})`,
  hint: RENEW,
}
// What AWS says of a signature repeats the request it was made of, session token included: it is never shown.
const invalid: Kind = {
  code: 'precondition',
  message: (thrown) => `AWS does not accept the credentials (${thrown.name})`,
  hint: RENEW,
}
const denied: Kind = {
  code: 'precondition',
  message: (thrown) => `AWS denies a call (${thrown.name}): ${deniedAction(thrown.message)}`,
  hint: 'allow what `sluice policy` prints, or use a role that is allowed it',
}
const throttled: Kind = {
  code: 'cloud',
  message: (thrown) => `AWS goes on throttling calls of this account (${thrown.name})`,
  hint: 'wait, find what else calls in this account, or lower callsPerSecond in live()',
}
const unanswered: Kind = {
  code: 'cloud',
  message: (thrown) => `the API does not answer: ${thrown.message || codeOf(thrown)}`,
  hint: 'check the network, the proxy, the region, and AWS_ENDPOINT_URL if it is set',
}

/**
 * What a failed AWS call means to the one who started Sluice, with the next step and without any secret. Undefined for
 * what is none, or says itself what is wrong.
 */
export function explainFailure(thrown: unknown): SluiceError | undefined {
  if (!(thrown instanceof Error)) return undefined
  const kind = kindOf(thrown)
  return kind && new SluiceError(kind.code, kind.message(thrown), { cause: thrown, hint: kind.hint })
}

/** Whether IAM did not allow a call. */
export const isDenied = (thrown: unknown): boolean => thrown instanceof Error && kindOf(thrown) === denied

function kindOf(thrown: Error): Kind | undefined {
  const { name } = thrown
  if (ABSENT.includes(name)) return absent
  // Everything that the SDK's clients throw carries it.
  if (!('$metadata' in thrown)) return undefined
  if (EXPIRED.includes(name)) return expired
  if (INVALID.includes(name)) return invalid
  if (DENIED.includes(name)) return denied
  if (THROTTLED.includes(name)) return throttled
  if (name === 'TimeoutError' || NETWORK.includes(codeOf(thrown))) return unanswered
  return undefined
}

const codeOf = (thrown: Error): string =>
  'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''

const firstSentence = (text: string): string => text.split('\n')[0]?.slice(0, 300) ?? ''

/** EC2 appends an encoded message of a thousand letters. */
const deniedAction = (text: string): string =>
  firstSentence(text.replace(/\s*Encoded authorization failure message:.*/s, ''))
