import { expect, test } from 'vitest'
import type { CloudAddress } from '../cloud.ts'
import type { ServiceRef } from '../gate.ts'
import { confirm } from './confirm.ts'

const live: CloudAddress = {
  kind: 'live',
  account: '123456789012',
  region: 'us-east-1',
  regions: ['us-east-1', 'eu-west-1'],
  clock: { kind: 'real' },
  profile: 'prod',
  lacks: {},
}
const service: ServiceRef = {
  name: 'orders',
  region: 'eu-west-1',
  entry: { loadBalancer: 'front', listener: 443 },
  fleets: 'clone',
  url: '/',
}

/** What was written, and how it ended. */
async function confirmed(address: CloudAddress, flags: { yes?: boolean }, reply?: string) {
  let text = ''
  const write = (more: string): void => {
    text += more
  }
  const output = { people: write, data: write, colour: false, columns: 80, interactive: false }
  const asking =
    reply === undefined
      ? {}
      : {
          ask: async (question: string): Promise<string> => {
            write(question)
            return reply
          },
        }
  const invocation = { flags, env: {}, interrupt: new AbortController().signal }
  const ended = await confirm(
    { ...invocation, output: { ...output, ...asking } },
    address,
    { sites: [{ ref: service }] },
    'deploy 2.0.0',
  ).then(
    () => 'goes on',
    (thrown: { code: string; message: string }) => `${thrown.code}: ${thrown.message}`,
  )
  return { text, ended }
}

const STATED =
  'live AWS account 123456789012, region eu-west-1, profile prod, service orders (load balancer front, port 443): about to deploy 2.0.0\n'

test('with --yes it says where and what, and goes on', async () => {
  expect(await confirmed(live, { yes: true })).toEqual({ text: STATED, ended: 'goes on' })
})

test('where nobody can be asked it says so and refuses', async () => {
  const { text, ended } = await confirmed(live, {})
  expect(text).toBe(STATED)
  expect(ended).toMatch(/^usage: .*nothing was touched/)
})

test.each(['y', 'Yes', ' YES '])('the answer %j goes on', async (reply) => {
  expect(await confirmed(live, {}, reply)).toEqual({ text: `${STATED}Go on? [y/N] `, ended: 'goes on' })
})

test.each(['', 'n', 'yeah', 'no yes'])('the answer %j does not', async (reply) => {
  expect((await confirmed(live, {}, reply)).ended).toBe('precondition: not confirmed; nothing was touched')
})

test('no other cloud is asked about', async () => {
  expect(await confirmed({ ...live, kind: 'embedded' }, {})).toEqual({ text: '', ended: 'goes on' })
})
