import { afterEach, expect, test } from 'vitest'
import { realClock } from '../clock.ts'
import { connectCloud } from '../connect/index.ts'
import type { ProbeTarget } from '../probe.ts'
import { createProbe } from './create-probe.ts'
import { createTrafficLedger } from './ledger.ts'
import { plainAddress, servePage } from './served-page.ts'
import { questionOf } from './target.ts'

const owned: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of owned.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

const good = {
  status: 200,
  version: '1.0.0',
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: '{"items":[{"name":"tea","price":3}]}',
}
const schema = {
  type: 'object',
  required: ['items'],
  properties: {
    items: { type: 'array', items: { type: 'object', properties: { price: { type: 'number' } } } },
  },
}
const whole: ProbeTarget['expect'] = {
  status: 200,
  bodyIncludes: 'tea',
  header: { 'Content-Type': 'application/json' },
  schema,
}
const judge = (answer: Partial<typeof good>, expected = whole) =>
  questionOf({ path: '/items', method: 'GET', expect: expected }, ['1.0.0'], false).judge({
    ...good,
    ...answer,
  })

test('an answer with status, header, text and shape as expected is ok, with or without a version', () => {
  expect(judge({})).toEqual({ outcome: 'ok' })
  expect(judge({ version: '' })).toEqual({ outcome: 'ok' })
  expect(judge({ body: '', headers: { 'content-type': '' } }, { status: 200 })).toEqual({ outcome: 'ok' })
})

test.each([
  [{ status: 404 }, 'wrong-status', 'GET /items was answered with 404, not 200'],
  [{ status: 500 }, 'target-5xx', 'GET /items was answered with 500, not 200'],
  [{ status: 503, version: '' }, 'elb-5xx', 'GET /items was answered with 503, not 200'],
  [{ version: '9.9.9' }, 'unknown-version', undefined],
  [
    { headers: { 'content-type': 'text/html' } },
    'wrong-body',
    'GET /items: the header content-type is "text/html", without application/json',
  ],
  [{ body: '{"items":[]}' }, 'wrong-body', 'GET /items: the body lacks tea'],
  [{ body: '<p>tea' }, 'wrong-body', 'GET /items: the body is not JSON'],
  [
    { body: '{"items":[{"name":"tea","price":"3"}]}' },
    'wrong-body',
    'GET /items: the body is not as its schema has it: items.0.price: Invalid input: expected number, received string',
  ],
])('an answer with %j is told as %s', (answer, outcome, remark) => {
  expect(judge(answer)).toEqual({ outcome, ...(remark === undefined ? {} : { remark }) })
})

test('targets share the rate with the main page, on new connections and on kept ones', async () => {
  const seen = new Map<string, number>()
  const server = await servePage(async (request, response) => {
    const body = (await request.toArray()).join('')
    const what = `${request.method} ${request.url} ${request.headers['x-shop'] ?? ''} ${body}`.trim()
    seen.set(what, (seen.get(what) ?? 0) + 1)
    response.writeHead(request.url === '/items' ? 201 : 200, { 'x-app-version': '1.0.0' })
    response.end('[1, "two"]')
  })
  owned.push(server)
  const cloud = connectCloud(plainAddress)
  owned.push(cloud)
  const numbers = { type: 'array', items: { type: 'number' } }
  const probe = createProbe(
    {
      cloud: plainAddress,
      url: server.url,
      rate: 200,
      timeout: 3_000,
      bucket: 50,
      versions: ['1.0.0'],
      expect: { status: 200 },
      targets: [
        { path: '/items', method: 'POST', headers: { 'x-shop': 'a' }, body: [1], expect: { status: 201 } },
        { path: '/numbers', method: 'GET', expect: { status: 200, schema: numbers } },
      ],
    },
    cloud,
  )
  owned.push(probe)
  const ledger = createTrafficLedger()
  probe.onBucket((bucket, samples) => ledger.add(bucket, samples))
  const limit = AbortSignal.timeout(10_000)
  while (ledger.total().schedule.planned < 60) await realClock.sleep(5, limit)
  await probe[Symbol.asyncDispose]()

  const { counts, schedule, remarks } = ledger.total()
  expect([...seen.keys()].sort()).toEqual(['GET /', 'GET /numbers', 'POST /items a [1]'])
  const [least = 0, , most = 0] = [...seen.values()].sort((a, b) => a - b)
  expect(most - least).toBeLessThanOrEqual(2)
  const wrong = counts.filter(({ outcome }) => outcome === 'wrong-body')
  expect(wrong.map(({ lane }) => lane).sort()).toEqual(['fresh', 'keep-alive'])
  expect(wrong.reduce((sum, { n }) => sum + n, 0)).toBe(seen.get('GET /numbers'))
  expect(counts.reduce((sum, { n }) => sum + n, 0)).toBe(schedule.planned)
  expect(remarks).toEqual([
    {
      outcome: 'wrong-body',
      sentence:
        'GET /numbers: the body is not as its schema has it: 1: Invalid input: expected number, received string',
    },
  ])
})
