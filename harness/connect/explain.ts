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
const NOT_BUILT = ['InvalidAction', 'NotImplemented', 'NotImplementedException', 'UnknownOperationException']
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
const notBuilt: Kind = {
  code: 'unsupported',
  message: (thrown) => `this cloud has not built what is needed: ${whyNotBuilt(thrown)}`,
  hint: 'choose another cloud; embedded() has it',
}
const unreadable: Kind = {
  code: 'cloud',
  message: (thrown) => `the API answers with ${whyNoAnswer(thrown)}`,
  hint: 'look at what serves this API, or at the proxy in front of it',
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

/**
 * Why a cloud has not built what it was asked for; undefined when it has. AWS answers none of this to an operation that its
 * SDK knows; other clouds answer with codes of their own, or with status 501.
 */
export function whyNotBuilt(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('$metadata' in thrown)) return undefined
  const named = NOT_BUILT.includes(thrown.name) || statusOf(thrown) === 501
  const said = thrown.name === 'UnsupportedOperation' && /not implement/i.test(thrown.message)
  return named || said ? `${thrown.name}: ${firstSentence(thrown.message)}` : undefined
}

/** Why what came back is no answer of an API at all: some clouds fail with a page of HTML where they have built nothing. */
export function whyNoAnswer(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !thrown.message.includes('Deserialization error')) return undefined
  return `status ${statusOf(thrown) ?? 'unknown'}, with no error that AWS knows`
}

function statusOf(thrown: Error): number | undefined {
  const metadata = '$metadata' in thrown ? thrown.$metadata : undefined
  return (metadata as { httpStatusCode?: number } | undefined)?.httpStatusCode
}

function kindOf(thrown: Error): Kind | undefined {
  const { name } = thrown
  if (ABSENT.includes(name)) return absent
  // Everything that the SDK's clients throw carries it.
  if (!('$metadata' in thrown)) return undefined
  if (EXPIRED.includes(name)) return expired
  if (INVALID.includes(name)) return invalid
  if (DENIED.includes(name)) return denied
  if (THROTTLED.includes(name)) return throttled
  if (whyNotBuilt(thrown) !== undefined) return notBuilt
  if (whyNoAnswer(thrown) !== undefined) return unreadable
  if (name === 'TimeoutError' || NETWORK.includes(codeOf(thrown))) return unanswered
  return undefined
}

const codeOf = (thrown: Error): string =>
  'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''

const firstSentence = (text: string): string => text.split('\n')[0]?.slice(0, 300) ?? ''

/** EC2 appends an encoded message of a thousand letters. */
const deniedAction = (text: string): string =>
  firstSentence(text.replace(/\s*Encoded authorization failure message:.*/s, ''))
