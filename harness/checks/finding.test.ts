import { expect, test } from 'vitest'
import { SluiceError } from '../errors.ts'
import { looking } from './finding.ts'

const named = (name: string): Error => Object.assign(new Error(`${name} happened`), { name })
const look = (thrown: unknown, signal?: AbortSignal) =>
  looking({ subject: 'orders', expected: 'to be there', signal }, () => Promise.reject(thrown))

test.each(['Throttling', 'AccessDenied', 'RequestLimitExceeded', 'TimeoutError'])(
  'an API that answers %s says nothing about the service',
  async (name) => {
    expect(await look(named(name))).toMatchObject([
      { severity: 'unknown', seen: expect.stringContaining(name) },
    ])
  },
)

test.each([
  'TargetGroupNotFound',
  'InvalidAMIID.NotFound',
  'InvalidLaunchTemplateId.VersionNotFound',
  'NoSuchHostedZone',
])('%s is a fact: it is not there', async (name) => {
  expect(await look(named(name))).toMatchObject([{ severity: 'wrong' }])
})

test('a fault of a check itself is thrown, never a finding', async () => {
  await expect(look(new TypeError('x is not a function'))).rejects.toThrow('x is not a function')
  await expect(look(new SluiceError('internal', 'impossible'))).rejects.toThrow('impossible')
})

test('an abort is thrown', async () => {
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(look(named('Throttling'), signal)).rejects.toThrow('Throttling')
})
