import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling'
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import type { EC2Client } from '@aws-sdk/client-ec2'
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2'
import type { Route53Client } from '@aws-sdk/client-route-53'
import type { S3Client } from '@aws-sdk/client-s3'
import type { ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import type { STSClient } from '@aws-sdk/client-sts'
import type { Dispatcher } from 'undici'
import type { Clock, ClockSpec } from './clock.ts'

export type CloudKind = 'embedded' | 'localstack' | 'endpoint' | 'live'

/**
 * Something a strategy or a suite needs of a cloud. `data-plane`: load balancers really route; `dns`: names really resolve;
 * `faults`: it can be harmed on purpose.
 */
export type Capability =
  | 'ec2'
  | 'elbv2'
  | 'autoscaling'
  | 'route53'
  | 's3'
  | 'cloudwatch'
  | 'data-plane'
  | 'dns'
  | 'faults'

type Support = { readonly ok: true } | { readonly ok: false; readonly because: string }

/** A way to reach one AWS-compatible cloud. Above it there is only the real AWS SDK. */
export interface Cloud extends AsyncDisposable {
  readonly kind: CloudKind
  /** What another process or thread needs to reach this same cloud: plain data, holding no secret. */
  readonly address: CloudAddress
  /** Cloud time; every wait of the harness uses it. */
  readonly clock: Clock
  /** SDK clients of one region; without a name, of `address.region`. The same object for the same region. */
  region(name?: string): RegionClients
  /** Reaches load balancers, instances and DNS names as a client would. Retries nothing. */
  readonly dispatcher: Dispatcher
  supports(need: Capability): Support
}

/** Real SDK clients. Each is created when first used. */
export interface RegionClients {
  readonly name: string
  readonly ec2: EC2Client
  readonly elbv2: ElasticLoadBalancingV2Client
  readonly autoScaling: AutoScalingClient
  readonly route53: Route53Client
  readonly sts: STSClient
  readonly s3: S3Client
  readonly cloudWatch: CloudWatchClient
  readonly serviceQuotas: ServiceQuotasClient
}

export interface CloudAddress {
  readonly kind: CloudKind
  readonly account: string
  readonly region: string
  readonly regions: readonly string[]
  readonly clock: ClockSpec
  /** Base URL of every API; absent on live AWS. */
  readonly endpoint?: string
  /** `host:port` of the DNS server that answers the cloud's names; absent where the system's resolver does. */
  readonly dns?: string
  /** Named profile that credentials come from, and how many calls may go out a second: on live AWS only. */
  readonly profile?: string
  readonly callsPerSecond?: number
  /** What the cloud lacks, with the reason. */
  readonly lacks: Readonly<Partial<Record<Capability, string>>>
}
