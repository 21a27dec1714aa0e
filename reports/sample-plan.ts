import type { FleetSnapshot, Plan, ServiceSnapshot, Stage } from '#harness/strategy'

export const good = { old: '1.0.0', new: '2.0.0' }
export const bad = '2.0.1'
export const SCOPE = 'orders@us-east-1'
export const OLD = 'orders'
export const CANARY = 'orders-2-0-0'

const fleet = (name: string, role: FleetSnapshot['role'], release: string): FleetSnapshot => ({
  kind: 'group',
  name,
  role,
  release,
  autoScalingGroupName: name,
  targetGroupArn: `arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/${name}/6d0ecf831eec9f09`,
  launchTemplate: { id: 'lt-0a1', version: role === 'stable' ? '1' : '2' },
  minSize: 4,
  maxSize: 8,
  desiredCapacity: 4,
  inService: 4,
  healthy: 4,
  instances: 4,
  targets: 4,
  suspendedProcesses: [],
  deregistrationDelay: 30,
  owned: role === 'candidate',
})

/** The service with these weights. */
export const sampleSnapshot = (shares: Readonly<Record<string, number>>): ServiceSnapshot => ({
  scope: SCOPE,
  service: 'orders',
  region: 'us-east-1',
  entry: {
    via: 'listener',
    loadBalancerArn:
      'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/orders/50dc6c495c0c9188',
    loadBalancerName: 'app/orders/50dc6c495c0c9188',
    dnsName: 'orders-123456789.us-east-1.elb.localhost',
    listenerArn:
      'arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/orders/50dc6c495c0c9188/f2f7dc8e',
    port: 80,
    protocol: 'HTTP',
    stickiness: 0,
  },
  fleets: [fleet(OLD, 'stable', good.old)],
  shares,
})

const size = { desiredCapacity: 4, minSize: 4, maxSize: 8, suspendedProcesses: [] }

const stage = (name: string, release: string, share: number): Stage => ({
  name,
  targets: {
    [SCOPE]: {
      fleets: {
        [OLD]: { release: good.old, role: 'stable', ...size },
        [CANARY]: { release, role: 'candidate', ...size },
      },
      traffic: { via: 'listener', shares: { [OLD]: 100 - share, [CANARY]: share } },
    },
  },
  gate: { suites: share === 100 ? 'post-deploy' : 'shift', bake: 180_000, extend: 180_000 },
})

/** A canary in four steps. */
export const samplePlan = (release: string): Plan => ({
  strategy: 'canary',
  from: good.old,
  to: release,
  baseline: {
    ...stage('baseline', release, 0),
    gate: { suites: 'pre-deploy', bake: 30_000, extend: 30_000 },
  },
  stages: [5, 25, 50, 100].map((share) => stage(`canary ${share}%`, release, share)),
})
