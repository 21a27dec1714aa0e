import { DeleteAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling'
import { DescribeInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import { DescribeLoadBalancersCommand } from '@aws-sdk/client-elastic-load-balancing-v2'
import { ChangeResourceRecordSetsCommand, type ResourceRecordSet } from '@aws-sdk/client-route-53'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createInstanceService, type InstanceService } from '#fixtures/scenarios/instance-service'
import { createSampleService, type SampleService } from '#fixtures/scenarios/sample-service'
import { scaledClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import type { DnsRef, ServiceRef } from '../gate.ts'
import type { Action } from './action.ts'
import type { ActionContext } from './context.ts'
import { observeService } from './observe.ts'
import { recordsOf } from './observe-dns.ts'
import { perform } from './perform.ts'

let embedded: EmbeddedCloud
let cloud: Cloud
let balanced: SampleService
let plain: InstanceService

const dns = (record: string, to: DnsRef['to']): DnsRef => ({
  zone: 'example.com',
  record: `${record}.example.com`,
  to,
  port: 80,
})

beforeAll(async () => {
  embedded = await createEmbeddedCloud({ clock: scaledClock(600), settle: 'fast' })
  cloud = connectCloud(embedded.address)
  const release = { version: '1.0.0' }
  balanced = await createSampleService(cloud, {
    name: 'orders',
    release,
    capacity: 2,
    dns: dns('orders', 'load-balancers'),
  })
  plain = await createInstanceService(cloud, {
    name: 'carts',
    release,
    capacity: 2,
    dns: dns('carts', 'instances'),
  })
}, 60_000)

afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]()
  await embedded?.[Symbol.asyncDispose]()
})

/** Performs actions as converge does, each on the service as it is by then. */
async function act(ref: ServiceRef, ...actions: Action[]): Promise<void> {
  for (const action of actions) {
    const context: ActionContext = {
      cloud,
      ref,
      clients: cloud.region(ref.region),
      clock: cloud.clock,
      signal: new AbortController().signal,
      observed: await observeService(cloud, ref),
      release: { version: '2.0.0', userData: JSON.stringify({ version: '2.0.0' }) },
      deployment: 'd-1',
      waited: () => {},
    }
    await perform(action, context)
  }
}

const target = (desiredCapacity: number) => ({
  release: '2.0.0',
  role: 'candidate' as const,
  desiredCapacity,
  minSize: desiredCapacity,
  maxSize: Math.max(2, desiredCapacity),
  suspendedProcesses: [],
})

const recordsNow = async (ref: ServiceRef): Promise<readonly ResourceRecordSet[]> => {
  const { entry } = await observeService(cloud, ref)
  if (entry.via !== 'dns') throw new Error('not reached by DNS')
  return recordsOf(cloud.region(), entry.zone.id, entry.dnsName)
}

describe('a service behind weighted aliases of load balancers', () => {
  test('is observed with its zone, its records, and the load balancer of each fleet', async () => {
    const { entry, fleets, shares } = await observeService(cloud, balanced.ref)
    expect(entry).toMatchObject({
      via: 'dns',
      zone: { name: 'example.com' },
      dnsName: 'orders.example.com',
      answers: 'alias',
      ttl: 60,
      records: [
        { fleet: 'orders', setIdentifier: 'orders', weight: 100, alias: { evaluateTargetHealth: true } },
      ],
    })
    expect(shares).toEqual({ orders: 100 })
    expect(fleets).toMatchObject([
      { kind: 'group', name: 'orders', healthy: 2, balancer: { loadBalancerArn: balanced.loadBalancerArn } },
    ])
  })

  test('gets a copy of its load balancer for a new fleet, adopted when it is made again, and gone with the fleet', async () => {
    const create: Action = { kind: 'create-fleet', fleet: 'orders-2-0-0', target: target(1) }
    await act(balanced.ref, create, create)
    const { elbv2 } = cloud.region()
    const { LoadBalancers: [original, copy, ...others] = [] } = await elbv2.send(
      new DescribeLoadBalancersCommand({ Names: ['orders', 'orders-2-0-0'] }),
    )
    expect(others).toEqual([])
    expect(copy).toMatchObject({
      Scheme: original?.Scheme,
      SecurityGroups: original?.SecurityGroups,
      VpcId: original?.VpcId,
    })
    await act(balanced.ref, { kind: 'remove-fleet', fleet: 'orders-2-0-0' })
    const { fleets } = await observeService(cloud, balanced.ref)
    expect(fleets.map(({ name }) => name)).toEqual(['orders'])
    await expect(elbv2.send(new DescribeLoadBalancersCommand({ Names: ['orders-2-0-0'] }))).rejects.toThrow(
      /not found/,
    )
  })

  test('is cleared of a load balancer whose fleet was never wholly made', async () => {
    await act(balanced.ref, { kind: 'create-fleet', fleet: 'orders-3', target: target(1) })
    await cloud
      .region()
      .autoScaling.send(new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: 'orders-3' }))
    await act(balanced.ref, { kind: 'clear-remains', fleet: 'orders-3' })
    await expect(
      cloud.region().elbv2.send(new DescribeLoadBalancersCommand({ Names: ['orders-3'] })),
    ).rejects.toThrow(/not found/)
  })

  test('never gets records of which every weight is 0, or one beyond 255', async () => {
    const set = (weight: number): Promise<void> =>
      act(balanced.ref, { kind: 'set-records', shares: { orders: weight }, ttl: undefined, reason: 'shift' })
    await expect(set(0)).rejects.toThrow('records cannot have the weights orders 0')
    await expect(set(256)).rejects.toThrow('records cannot have the weights orders 256')
    expect(await recordsNow(balanced.ref)).toMatchObject([{ SetIdentifier: 'orders', Weight: 100 }])
  })

  test('is refused where a plain record leads past what would be shifted', async () => {
    const { route53 } = cloud.region()
    const change = (Action: 'CREATE' | 'DELETE') =>
      route53.send(
        new ChangeResourceRecordSetsCommand({
          HostedZoneId: balanced.hostedZoneId,
          ChangeBatch: {
            Changes: [
              {
                Action,
                ResourceRecordSet: {
                  Name: 'orders.example.com',
                  Type: 'AAAA',
                  TTL: 60,
                  ResourceRecords: [{ Value: '2001:db8::1' }],
                },
              },
            ],
          },
        }),
      )
    await change('CREATE')
    await expect(observeService(cloud, balanced.ref)).rejects.toMatchObject({
      code: 'precondition',
      message: expect.stringContaining('orders.example.com has records of type AAAA'),
    })
    await change('DELETE')
    const elsewhere = { ...balanced.ref, entry: { dns: dns('nobody', 'load-balancers') } }
    await expect(observeService(cloud, elsewhere)).rejects.toThrow('there is no A record nobody.example.com')
    const wrongly = { ...balanced.ref, entry: { dns: dns('orders', 'instances') } }
    await expect(observeService(cloud, wrongly)).rejects.toMatchObject({ code: 'precondition' })
  })
})

describe('a service of plain instances', () => {
  test('is observed by the tags of its instances and the addresses that its record says', async () => {
    const { entry, fleets, shares } = await observeService(cloud, plain.ref)
    expect(entry).toMatchObject({ answers: 'addresses', ttl: 300, records: [{ fleet: 'carts' }] })
    expect(shares).toEqual({ carts: 100 })
    expect(fleets).toMatchObject([
      { kind: 'instances', name: 'carts', release: '1.0.0', desiredCapacity: 2, healthy: 2, owned: false },
    ])
  })

  test('has a fleet beside it that is recorded before it has an instance, and grows once for a repeated call', async () => {
    await act(plain.ref, { kind: 'create-fleet', fleet: 'carts-2-0-0', target: target(3) })
    const { fleets } = await observeService(cloud, plain.ref)
    expect(fleets[1]).toMatchObject({ name: 'carts-2-0-0', role: 'candidate', instances: 0, owned: true })
    const grow: Action = { kind: 'set-capacity', fleet: 'carts-2-0-0', target: target(3), reason: 'up' }
    await act(plain.ref, grow, grow, { kind: 'await-healthy', fleet: 'carts-2-0-0', count: 3 })
    const grown = (await observeService(cloud, plain.ref)).fleets[1]
    expect(grown).toMatchObject({ desiredCapacity: 3, healthy: 3, release: '2.0.0' })
    expect(new Set((await instancesOf('carts-2-0-0')).map(({ SubnetId }) => SubnetId)).size).toBe(2)
  })

  test('is given another instance for one that ended, though the number asked for is the same', async () => {
    const [lost] = await instancesOf('carts-2-0-0')
    const InstanceIds = [lost?.InstanceId ?? '']
    await cloud.region().ec2.send(new TerminateInstancesCommand({ InstanceIds }))
    await act(
      plain.ref,
      { kind: 'set-capacity', fleet: 'carts-2-0-0', target: target(3), reason: 'up' },
      { kind: 'await-healthy', fleet: 'carts-2-0-0', count: 3 },
    )
    const ids = (await instancesOf('carts-2-0-0')).map(({ InstanceId }) => InstanceId)
    expect(ids).toHaveLength(3)
    expect(ids).not.toContain(lost?.InstanceId)
  })

  test('answers by both fleets as its records say, and by one TTL', async () => {
    await act(plain.ref, {
      kind: 'set-records',
      shares: { carts: 40, 'carts-2-0-0': 60 },
      ttl: 30,
      reason: 'shift',
    })
    expect(await recordsNow(plain.ref)).toMatchObject([
      { SetIdentifier: 'carts', Weight: 40, TTL: 30 },
      { SetIdentifier: 'carts-2-0-0', Weight: 60, TTL: 30 },
    ])
  })

  test('marks its fleets at their launch template, and forgets what it made when the fleet is gone', async () => {
    await act(plain.ref, { kind: 'set-roles', roles: { carts: 'parked', 'carts-2-0-0': 'stable' } })
    expect((await observeService(cloud, plain.ref)).fleets).toMatchObject([
      { name: 'carts-2-0-0', role: 'stable' },
      { name: 'carts', role: 'parked' },
    ])
    await act(
      plain.ref,
      { kind: 'set-roles', roles: { carts: 'stable', 'carts-2-0-0': 'candidate' } },
      { kind: 'set-records', shares: { carts: 100 }, ttl: 300, reason: 'release' },
      { kind: 'set-capacity', fleet: 'carts-2-0-0', target: target(0), reason: 'down' },
      { kind: 'await-empty', fleet: 'carts-2-0-0' },
      { kind: 'remove-fleet', fleet: 'carts-2-0-0' },
    )
    const { fleets, entry } = await observeService(cloud, plain.ref)
    expect(fleets.map(({ name }) => name)).toEqual(['carts'])
    expect(entry).toMatchObject({ ttl: 300, records: [{ setIdentifier: 'carts', weight: 100 }] })
  })
})

async function instancesOf(fleet: string) {
  const { Reservations: found = [] } = await cloud.region().ec2.send(
    new DescribeInstancesCommand({
      Filters: [
        { Name: 'tag:sluice:fleet', Values: [fleet] },
        { Name: 'instance-state-name', Values: ['pending', 'running'] },
      ],
    }),
  )
  return found.flatMap(({ Instances = [] }) => Instances)
}
