import { expect, test } from 'vitest'
import { judgeAnswer } from './expectation.ts'

const spec = { expect: { status: 200, bodyIncludes: 'Orders' }, versions: ['1.0.0', '2.0.0'] }
const good = { status: 200, version: '2.0.0', body: '<h1>Orders</h1>' }

test('an answer with the status, a deployed version and the text is ok', () => {
  expect(judgeAnswer(good, spec)).toBe('ok')
})

test('without a text to look for any body will do', () => {
  expect(judgeAnswer({ ...good, body: '' }, { ...spec, expect: { status: 200 } })).toBe('ok')
})

test('a 5xx is the load balancer’s own unless the application’s header is on it', () => {
  expect(judgeAnswer({ ...good, status: 503, version: '' }, spec)).toBe('elb-5xx')
  expect(judgeAnswer({ ...good, status: 503 }, spec)).toBe('target-5xx')
})

test('a status that is expected is fine even if it is a 5xx', () => {
  expect(judgeAnswer({ ...good, status: 503 }, { ...spec, expect: { status: 503 } })).toBe('ok')
})

test('status is judged before version, version before body', () => {
  expect(judgeAnswer({ status: 301, version: '9', body: '' }, spec)).toBe('wrong-status')
  expect(judgeAnswer({ status: 200, version: '9', body: '' }, spec)).toBe('unknown-version')
  expect(judgeAnswer({ status: 200, version: '1.0.0', body: '' }, spec)).toBe('wrong-body')
})
