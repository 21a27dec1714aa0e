import { isDns } from '../entry.ts'
import type { DnsRef, ListenerRef, ServiceRef } from '../gate.ts'
import type {
  DnsEntry,
  FleetBalancer,
  FleetSnapshot,
  GroupFleet,
  ListenerEntry,
  RegistrationEntry,
  ServiceSnapshot,
} from '../strategy.ts'

/** What strategies draw for: the kinds of changes that they make do not depend on how large a service is. */
export function typicalService({ name, region, entry }: ServiceRef): ServiceSnapshot {
  return {
    scope: `${name}@${region}`,
    service: name,
    region,
    entry: isDns(entry) ? named(name, entry.dns) : listening(entry),
    fleets: [isDns(entry) ? led(name, entry.dns) : group(name)],
    shares: { [name]: 100 },
  }
}

function listening({ loadBalancer, listener: port, by }: ListenerRef): ListenerEntry | RegistrationEntry {
  const listener = {
    loadBalancerArn: 'arn',
    loadBalancerName: `app/${loadBalancer}`,
    dnsName: loadBalancer,
    listenerArn: 'arn',
    port,
    protocol: 'HTTP',
  }
  return by
    ? { ...listener, via: by, targetGroupArn: 'arn' }
    : { ...listener, via: 'listener', stickiness: 0 }
}

const named = (fleet: string, { zone, record, to, port }: DnsRef): DnsEntry => ({
  via: 'dns',
  zone: { id: 'Z', name: zone },
  dnsName: record,
  type: 'A',
  answers: to === 'instances' ? 'addresses' : 'alias',
  ttl: 300,
  records: [
    {
      fleet,
      setIdentifier: fleet,
      weight: 100,
      ...(to === 'instances'
        ? { values: ['10.0.0.1'] }
        : { alias: { hostedZoneId: 'Z', dnsName: fleet, evaluateTargetHealth: false } }),
    },
  ],
  port,
  protocol: 'HTTP',
})

const group = (name: string): GroupFleet => ({
  kind: 'group',
  name,
  role: 'stable',
  release: 'previous',
  autoScalingGroupName: name,
  targetGroupArn: 'arn',
  launchTemplate: { id: 'lt', version: '1' },
  minSize: 1,
  maxSize: 8,
  desiredCapacity: 4,
  inService: 4,
  healthy: 4,
  instances: 4,
  targets: 4,
  suspendedProcesses: [],
  deregistrationDelay: 300,
  owned: false,
})

const balancer = (dnsName: string, port: number): FleetBalancer => ({
  loadBalancerArn: 'arn',
  loadBalancerName: `app/${dnsName}`,
  dnsName,
  hostedZoneId: 'Z',
  listenerArn: 'arn',
  port,
  protocol: 'HTTP',
})

function led(name: string, { to, port }: DnsRef): FleetSnapshot {
  const model = group(name)
  if (to === 'load-balancers') return { ...model, balancer: balancer(name, port) }
  const { autoScalingGroupName: _group, targetGroupArn: _targets, ...rest } = model
  return { ...rest, kind: 'instances', minSize: 4, maxSize: 4, instanceIds: [], addresses: ['10.0.0.1'] }
}
