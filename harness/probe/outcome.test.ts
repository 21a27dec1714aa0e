import { describe, expect, test } from 'vitest'
import { judgeFailure } from './outcome.ts'

const failure = (code: string, syscall?: string): Error => Object.assign(new Error(code), { code, syscall })

// Failures that cannot be brought about at will on every machine; all others are tried on sockets in lane.test.ts.
describe('a request without a connection', () => {
  test.each([
    ['EMFILE', 'unsent'],
    ['EADDRNOTAVAIL', 'unsent'],
    ['EAI_AGAIN', 'dns'],
    ['ESERVFAIL', 'dns'],
    ['ETIMEDOUT', 'connect-timeout'],
    ['EHOSTUNREACH', 'refused'],
    ['ENETUNREACH', 'refused'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
    ['CERT_HAS_EXPIRED', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ])('that failed with %s is %s', (code, outcome) => {
    expect(judgeFailure(failure(code), 'connecting', true)).toBe(outcome)
  })

  test('that the DNS server refused is dns, not refused', () => {
    expect(judgeFailure(failure('ECONNREFUSED', 'queryA'), 'connecting', false)).toBe('dns')
  })

  test('is judged by the code inside wrappers', () => {
    const wrapped = new Error('fetch failed', { cause: new AggregateError([failure('ECONNREFUSED')]) })
    expect(judgeFailure(wrapped, 'connecting', false)).toBe('refused')
  })
})

test('a connection that the network lost is response-timeout before the answer, truncated within it', () => {
  expect(judgeFailure(failure('ETIMEDOUT'), 'sent', false)).toBe('response-timeout')
  expect(judgeFailure(failure('ETIMEDOUT'), 'answering', false)).toBe('truncated')
})
