import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand } from '@aws-sdk/client-route-53'
import { Agent } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { realClock, scaledClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import { Owned } from '../owned.ts'
import type { ProbeSpec } from '../probe.ts'
import { createPopulation, type Population } from './population.ts'
import { plainAddress, servePage } from './served-page.ts'

const owned: Owned[] = []
afterEach(async () => {
  for (const one of owned.splice(0)) await one[Symbol.asyncDispose]()
})

/** Cloud seconds that an answer may be kept. */
const TTL = 60

/** Two services under one name, which leads to the first of them. */
async function shop() {
  const own = new Owned()
  owned.push(own)
  const embedded: EmbeddedCloud = own.use(
    await createEmbeddedCloud({ clock: scaledClock(60), settle: 'fast' }),
  )
  const cloud = own.use(connectCloud(embedded.address))
  const [first, second] = await Promise.all(
    ['1.0.0', '2.0.0'].map((version, i) =>
      createSampleService(cloud, {
        name: `shop-${i}`,
        release: { version },
        capacity: 1,
        listener: 8_080,
        domain: `${i}.example.com`,
      }),
    ),
  )
  if (!first || !second) throw new Error('two services were to be made')
  const { route53 } = cloud.region()
  const zone = await route53.send(new CreateHostedZoneCommand({ Name: 'shop.test', CallerReference: 'shop' }))
  const leadTo = async (dnsName: string): Promise<void> => {
    const ResourceRecordSet = {
      Name: 'www.shop.test',
      Type: 'CNAME' as const,
      TTL,
      ResourceRecords: [{ Value: dnsName }],
    }
    await route53.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: zone.HostedZone?.Id,
        ChangeBatch: { Changes: [{ Action: 'UPSERT', ResourceRecordSet }] },
      }),
    )
    // Until it is INSYNC, which takes a minute on AWS.
    await cloud.clock.sleep(120_000)
  }
  await leadTo(first.dnsName)
  return { cloud, first, second, leadTo }
}

const specOf = (cloud: Pick<Cloud, 'address'>, port: number): ProbeSpec => ({
  cloud: cloud.address,
  url: `http://www.shop.test:${port}/`,
  rate: 1,
  timeout: 2_000,
  bucket: 1_000,
  versions: ['1.0.0', '2.0.0'],
  expect: { status: 200 },
})

interface Told {
  readonly outcome: string
  readonly version: string
  readonly answer: string | undefined
}

const sendOne = ({ send }: Population): Promise<Told> =>
  new Promise((resolve) => {
    send({
      started: () => undefined,
      ended: (outcome, version, _, answer) => resolve({ outcome, version, answer }),
    })
  })

test('clients go where DNS last led them until the TTL is over, and those who ignore it for good', {
  timeout: 60_000,
}, async () => {
  const { cloud, second, leadTo } = await shop()
  const spec = { name: 'www.shop.test', clients: 2, ignoring: 1 }
  const population = createPopulation(cloud.dispatcher, specOf(cloud, 8_080), spec, cloud)
  const both = async (): Promise<readonly Told[]> => [await sendOne(population), await sendOne(population)]
  const before = await both()
  expect(before.map(({ outcome, version }) => `${outcome} ${version}`)).toEqual(['ok 1.0.0', 'ok 1.0.0'])
  await leadTo(second.dnsName)
  await cloud.clock.sleep(TTL * 1_000)
  const after = await both()
  expect(after.map(({ version }) => version)).toEqual(['1.0.0', '2.0.0'])
  // Each is told with what its client was led to.
  expect(after[0]?.answer).toBe(before[0]?.answer)
  expect(after[1]?.answer).not.toBe(before[1]?.answer)
  population.close()
})

test('an answer is kept for its TTL, though it leads elsewhere by then', { timeout: 60_000 }, async () => {
  const { cloud, second, leadTo } = await shop()
  const keen = createPopulation(
    cloud.dispatcher,
    specOf(cloud, 8_080),
    { name: 'www.shop.test', clients: 1, ignoring: 0 },
    // A clock that stands still: no TTL is ever over.
    { address: cloud.address, clock: { ...cloud.clock, now: () => 0 } },
  )
  expect((await sendOne(keen)).version).toBe('1.0.0')
  await leadTo(second.dnsName)
  expect((await sendOne(keen)).version).toBe('1.0.0')
  keen.close()
})

test('a name that nobody knows is told as dns, with no answer', { timeout: 60_000 }, async () => {
  const { cloud } = await shop()
  const lost = { name: 'no.shop.test', clients: 1, ignoring: 1 }
  const population = createPopulation(cloud.dispatcher, specOf(cloud, 8_080), lost, cloud)
  expect(await sendOne(population)).toEqual({ outcome: 'dns', version: '', answer: undefined })
  population.close()
})

test('a client that ignores TTLs asks again when nobody takes its connection any more', async () => {
  const server = await servePage((_, response) => response.setHeader('x-app-version', '1.0.0').end())
  const { port } = new URL(server.url)
  const agent = new Agent()
  const cloud = { address: plainAddress, clock: realClock }
  const spec = { name: '127.0.0.1', clients: 1, ignoring: 1 }
  const population = createPopulation(agent, specOf(cloud, Number(port)), spec, cloud)
  expect(await sendOne(population)).toMatchObject({ outcome: 'ok', answer: `127.0.0.1:${port}` })
  await server[Symbol.asyncDispose]()
  expect((await sendOne(population)).outcome).toBe('refused')
  population.close()
  await agent.close()
})
