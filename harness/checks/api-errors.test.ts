import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { checks } from './index.ts'

/** An API that gives every call one answer: what it says is AWS's own form, the SDK that reads it the real one. */
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

async function answering(status: number, body: string): Promise<Cloud> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status, { 'content-type': 'text/xml' }).end(body))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return connectCloud({
    kind: 'endpoint',
    account: '123456789012',
    region: 'us-east-1',
    regions: ['us-east-1'],
    clock: { kind: 'real' },
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lacks: {},
  })
}

const service: ServiceSnapshot = {
  scope: 'orders@us-east-1',
  service: 'orders',
  region: 'us-east-1',
  entry: {
    via: 'listener',
    loadBalancerArn:
      'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/orders/50dc6c495c0c9188',
    loadBalancerName: 'app/orders/50dc6c495c0c9188',
    dnsName: '127.0.0.1',
    listenerArn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/orders/50dc6c495c0c9188/1',
    port: 1,
    protocol: 'HTTP',
    stickiness: 0,
  },
  fleets: [
    {
      kind: 'group',
      name: 'orders',
      role: 'stable',
      release: '1.0.0',
      autoScalingGroupName: 'orders',
      targetGroupArn:
        'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/orders/73e2d6bc24d8a067',
      launchTemplate: { id: 'lt-0123456789abcdef0', version: '1' },
      minSize: 2,
      maxSize: 4,
      desiredCapacity: 2,
      inService: 2,
      instances: 2,
      targets: 2,
      healthy: 2,
      suspendedProcesses: [],
      deregistrationDelay: 60,
      owned: false,
    },
  ],
  shares: { orders: 100 },
}

const [stable] = service.fleets
const withCandidate: ServiceSnapshot = {
  ...service,
  fleets: stable ? [stable, { ...stable, name: 'orders-2', role: 'candidate' }] : [],
  shares: { orders: 95, 'orders-2': 5 },
}

const error = (code: string): string =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>`

/** Every check that asks an API, with what it needs. */
const asking = {
  alarmsQuiet: (cloud) => checks.alarmsQuiet(cloud, service, { names: ['errors'] }),
  zones: (cloud) => checks.zones(cloud, service, {}),
  zoneBalance: (cloud) => checks.zoneBalance(cloud, service, {}),
  targetHealth: (cloud) => checks.targetHealth(cloud, service, {}),
  fullCapacity: (cloud) => checks.fullCapacity(cloud, service, {}),
  suspendedProcesses: (cloud) => checks.suspendedProcesses(cloud, service, {}),
  noRefresh: (cloud) => checks.noRefresh(cloud, service, {}),
  revertible: (cloud) => checks.revertible(cloud, service, {}),
  imageAvailable: (cloud) => checks.imageAvailable(cloud, service, { imageId: 'ami-0123456789abcdef0' }),
  headroom: (cloud) => checks.headroom(cloud, service, {}),
  immutable: (cloud) => checks.immutable(cloud, service, {}),
  drift: (cloud) => checks.drift(cloud, service, {}),
  launchable: (cloud) => checks.launchable(cloud, service, {}),
  quotas: (cloud) => checks.quotas(cloud, service, {}),
  vcpuQuota: (cloud) => checks.vcpuQuota(cloud, service, {}),
  drained: (cloud) => checks.drained(cloud, service, { fleets: ['orders'] }),
  orphans: (cloud) => checks.orphans(cloud, service, {}),
  healthCheckSettings: (cloud) => checks.healthCheckSettings(cloud, service, {}),
  securityGroups: (cloud) => checks.securityGroups(cloud, service, {}),
  requestsAnswered: (cloud) => checks.requestsAnswered(cloud, withCandidate, {}),
  restored: (cloud) => checks.restored(cloud, service, { before: service }),
  listenerWeights: (cloud) => checks.listenerWeights(cloud, service, { shares: { orders: 1 } }),
  dnsSettings: (cloud) => checks.dnsSettings(cloud, service, {}),
  dnsRecord: (cloud) => checks.dnsRecord(cloud, service, { path: '/' }),
  answersAlike: (cloud) => checks.answersAlike(cloud, service, { path: '/' }),
  writesReadable: (cloud) => checks.writesReadable(cloud, service, {}),
  sessionKept: (cloud) => checks.sessionKept(cloud, service, { path: '/' }),
  slowRequest: (cloud) => checks.slowRequest(cloud, service, {}),
  selfHealing: (cloud) => checks.selfHealing(cloud, service, { path: '/', within: 1_000 }),
} satisfies Record<string, (cloud: Cloud) => Promise<readonly { severity: string }[]>>

test.each(Object.entries(asking))('%s is inconclusive where the call is denied', async (_, check) => {
  await using cloud = await answering(403, error('AccessDenied'))
  const findings = await check(cloud)
  expect(new Set(findings.map(({ severity }) => severity))).toEqual(new Set(['unknown']))
})

test('a throttled API is inconclusive, after the retries of the SDK', async () => {
  await using cloud = await answering(400, error('Throttling'))
  expect(await checks.targetHealth(cloud, service, {})).toMatchObject([
    { severity: 'unknown', hint: expect.stringContaining('throttled') },
  ])
})

test('an instance refresh under way is found, one that has ended is not', async () => {
  const refresh = (status: string): string =>
    `<DescribeInstanceRefreshesResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribeInstanceRefreshesResult><InstanceRefreshes><member><InstanceRefreshId>08b91cf7-8fa6</InstanceRefreshId><AutoScalingGroupName>orders</AutoScalingGroupName><Status>${status}</Status></member></InstanceRefreshes></DescribeInstanceRefreshesResult></DescribeInstanceRefreshesResponse>`
  await using running = await answering(200, refresh('InProgress'))
  expect(await checks.noRefresh(running, service, {})).toMatchObject([
    { severity: 'wrong', seen: 'refresh 08b91cf7-8fa6 is InProgress' },
  ])
  await using ended = await answering(200, refresh('Successful'))
  expect(await checks.noRefresh(ended, service, {})).toEqual([])
})

test('nobody behind the entry is a fact: users see it too', async () => {
  await using cloud = await answering(200, '')
  expect(await checks.mainPage(cloud, service, { path: '/' })).toMatchObject([
    { severity: 'wrong', seen: expect.stringContaining('12 of 12 requests failed') },
  ])
})
