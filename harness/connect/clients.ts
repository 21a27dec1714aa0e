import { createRequire } from 'node:module'
import type { AwsCredentialIdentity, FinalizeRequestMiddleware, MiddlewareStack } from '@smithy/types'
import type { CloudAddress, RegionClients } from '../cloud.ts'
import { type InProcess, retriesInTime, standingStill } from './in-process.ts'
import type { Limiter } from './rate-limit.ts'

/** One request to an API, each attempt counted. */
interface ApiCall {
  readonly service:
    | 'ec2'
    | 'elbv2'
    | 'autoscaling'
    | 'route53'
    | 'sts'
    | 's3'
    | 'cloudwatch'
    | 'servicequotas'
  /** E.g. `DescribeInstances`. */
  readonly operation: string
  readonly region: string
}

export type CallListener = (call: ApiCall) => void

export interface OwnedClients extends RegionClients {
  /** Closes the sockets of every client. */
  destroy(): void
}

interface ClientOptions {
  readonly onCall?: CallListener
  readonly signal?: AbortSignal
  /** Shared by every client of a connection: AWS counts by account and region. */
  readonly limiter?: Limiter | undefined
  readonly maxAttempts?: number
  /** For a cloud in this same process. */
  readonly inProcess?: InProcess
}

/** What every client has in common: enough to add a middleware to it and to close it. */
interface AnyClient {
  readonly middlewareStack: unknown
  destroy(): void
}

/**
 * Attempts of one call, the first included. The SDK waits with jitter between them; its adaptive mode also slows down
 * when it is throttled, which a real account, shared with others, needs.
 */
const RETRIES = {
  live: { retryMode: 'adaptive', maxAttempts: 8 },
  other: { retryMode: 'standard', maxAttempts: 4 },
} as const

/** Wall milliseconds; AWS answers every control-plane call well within. */
const CONNECTION_TIMEOUT = 5_000
const REQUEST_TIMEOUT = 60_000

/** Loading all these packages costs a third of a second, so each is loaded when its first client is asked for. */
const load = createRequire(import.meta.url)

export function createClients(address: CloudAddress, region: string, options: ClientOptions): OwnedClients {
  const made = new Map<string, AnyClient>()
  const config = clientConfig(address, region, options)
  const once = <C extends AnyClient>(service: ApiCall['service'], create: () => C): C => {
    const known = made.get(service)
    if (known) return known as C
    const client = create()
    // Clients differ in the input and output types of their stacks; this middleware reads neither.
    const stack = client.middlewareStack as MiddlewareStack<object, object>
    stack.add(observe(service, region, options), {
      step: 'finalizeRequest',
      priority: 'low',
      name: 'sluiceObserve',
    })
    const { inProcess } = options
    if (inProcess) stack.add(standingStill(inProcess), { step: 'initialize', priority: 'high' })
    made.set(service, client)
    return client
  }
  return {
    name: region,
    get ec2() {
      const sdk = (): typeof import('@aws-sdk/client-ec2') => load('@aws-sdk/client-ec2')
      return once('ec2', () => new (sdk().EC2Client)(config))
    },
    get elbv2() {
      const sdk = (): typeof import('@aws-sdk/client-elastic-load-balancing-v2') =>
        load('@aws-sdk/client-elastic-load-balancing-v2')
      return once('elbv2', () => new (sdk().ElasticLoadBalancingV2Client)(config))
    },
    get autoScaling() {
      const sdk = (): typeof import('@aws-sdk/client-auto-scaling') => load('@aws-sdk/client-auto-scaling')
      return once('autoscaling', () => new (sdk().AutoScalingClient)(config))
    },
    get route53() {
      const sdk = (): typeof import('@aws-sdk/client-route-53') => load('@aws-sdk/client-route-53')
      return once('route53', () => new (sdk().Route53Client)(config))
    },
    get sts() {
      const sdk = (): typeof import('@aws-sdk/client-sts') => load('@aws-sdk/client-sts')
      return once('sts', () => new (sdk().STSClient)(config))
    },
    get s3() {
      const sdk = (): typeof import('@aws-sdk/client-s3') => load('@aws-sdk/client-s3')
      // Buckets as host names would need a resolver of their own for `bucket.127.0.0.1`.
      return once('s3', () => new (sdk().S3Client)({ ...config, forcePathStyle: address.kind !== 'live' }))
    },
    get cloudWatch() {
      const sdk = (): typeof import('@aws-sdk/client-cloudwatch') => load('@aws-sdk/client-cloudwatch')
      return once('cloudwatch', () => new (sdk().CloudWatchClient)(config))
    },
    get serviceQuotas() {
      const sdk = (): typeof import('@aws-sdk/client-service-quotas') =>
        load('@aws-sdk/client-service-quotas')
      return once('servicequotas', () => new (sdk().ServiceQuotasClient)(config))
    },
    destroy() {
      for (const client of made.values()) client.destroy()
    },
  }
}

function clientConfig(address: CloudAddress, region: string, { maxAttempts, inProcess }: ClientOptions) {
  const retries = RETRIES[address.kind === 'live' ? 'live' : 'other']
  return {
    region,
    ...retries,
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT, requestTimeout: REQUEST_TIMEOUT },
    ...(inProcess
      ? {
          requestHandler: inProcess.requestHandler,
          retryStrategy: retriesInTime(inProcess, maxAttempts ?? retries.maxAttempts),
        }
      : {}),
    ...(address.endpoint === undefined ? {} : { endpoint: address.endpoint }),
    // On live AWS the SDK's own chain decides (environment, profile, role).
    ...(address.kind === 'live' ? {} : { credentials: testCredentials() }),
    ...(address.profile === undefined ? {} : { profile: address.profile }),
  }
}

/** The environment's credentials where there are some (LocalStack reads the account from them), else static ones. */
function testCredentials(env: NodeJS.ProcessEnv = process.env): AwsCredentialIdentity {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env
  if (!id || !secret) return { accessKeyId: 'test', secretAccessKey: 'test' }
  return { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}) }
}

/** Sits below the SDK's retries, so it sees every attempt, and ends them when the cloud's signal has aborted. */
function observe(
  service: ApiCall['service'],
  region: string,
  options: ClientOptions,
): FinalizeRequestMiddleware<object, object> {
  return (next, context) => async (args) => {
    options.signal?.throwIfAborted()
    await options.limiter?.(options.signal)
    options.signal?.throwIfAborted()
    const operation = String(context['commandName'] ?? '').replace(/Command$/, '')
    options.onCall?.({ service, operation, region })
    return next(args)
  }
}
