import type { Outcome } from '../gate.ts'

/** How far a request had come: no connection yet · sent, nothing heard · the head of an answer arrived. */
export type Progress = 'connecting' | 'sent' | 'answering'

/** `unsent`: this machine was at fault (no port or descriptor left, the client closed); says nothing of the service. */
export type Failure = Exclude<Outcome, 'ok'> | 'unsent'

/** Codes of Node, libuv and undici that say the request never left this machine. */
const OWN_FAULT = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
])

/** Node's resolver codes: https://nodejs.org/api/dns.html#error-codes */
const DNS = new Set(['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EREFUSED', 'ENONAME', 'EBADRESP', 'EBADNAME'])

/** What OpenSSL calls a certificate it does not accept: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|EPROTO$)/

/**
 * Names what ended a request that has no whole answer. A host or network that cannot be reached counts as `refused`: no
 * connection was accepted. An answer that broke off after its head, or that is not HTTP, is `truncated`.
 */
export function judgeFailure(error: unknown, progress: Progress, tls: boolean): Failure {
  const { code, syscall } = trace(error)
  if (code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') return 'response-timeout'
  if (progress === 'answering') return 'truncated'
  if (progress === 'sent') {
    if (code === 'ETIMEDOUT') return 'response-timeout'
    return code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW' ? 'truncated' : 'reset'
  }
  if (OWN_FAULT.has(code)) return 'unsent'
  if (DNS.has(code) || code.startsWith('EAI_') || /^(getaddrinfo|query)/.test(syscall)) return 'dns'
  if (CERTIFICATE.test(code)) return 'tls'
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return 'connect-timeout'
  // TCP answers a SYN with ECONNREFUSED; cut off later, but before the connection stood, it was in the handshake.
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET') return tls ? 'tls' : 'reset'
  return 'refused'
}

/** The code nearest to the system: wrappers (`cause`, an `AggregateError` of several addresses) may carry none. */
function trace(error: unknown): { code: string; syscall: string } {
  for (let at = error; at instanceof Error; ) {
    const { code, syscall } = at as NodeJS.ErrnoException
    if (typeof code === 'string') return { code, syscall: syscall ?? '' }
    // undici leaves its parser's errors without a code, though its types promise one.
    if (at.name === 'HTTPParserError') return { code: 'HPE_UNKNOWN', syscall: '' }
    at = at instanceof AggregateError ? at.errors[0] : at.cause
  }
  return { code: '', syscall: '' }
}
