import { z } from 'zod'
import type { ClockSpec } from '../clock.ts'
import type { Capability, CloudAddress, CloudKind } from '../cloud.ts'
import { describeError, SluiceError } from '../errors.ts'
import { createClients } from './clients.ts'
import { servicesLacking } from './services.ts'

export interface DescribeEndpointOptions {
  /** `AWS_REGION`, else `us-east-1`, when not given. */
  readonly region?: string
  readonly regions?: readonly string[]
  /** What a plain endpoint is taken for. */
  readonly kind?: Extract<CloudKind, 'endpoint' | 'localstack'>
  /** Services that a plain endpoint says itself it lacks; without it, each service is asked. */
  readonly lacks?: CloudAddress['lacks']
  readonly signal?: AbortSignal
}

/** Wall milliseconds in which an endpoint must answer the first question. */
const ANSWER_TIMEOUT = 5_000
/** The same of one that has said what it is: LocalStack loads a service only when that is first asked. */
const KNOWN_TIMEOUT = 60_000

const health = z.object({
  account: z.string(),
  region: z.string().optional(),
  regions: z.array(z.string()).optional(),
  dns: z.string().optional(),
  services: z.union([z.array(z.string()), z.record(z.string(), z.unknown())]).optional(),
})

const clockSpec = z.union([
  z.object({ kind: z.literal('real') }),
  z.object({
    kind: z.literal('scaled'),
    scale: z.number().positive(),
    wallOrigin: z.number(),
    cloudOrigin: z.number(),
  }),
])
/** The specification itself, or under `clock` or `spec` beside the present instant. */
const clockAnswer = z.union([
  clockSpec,
  z.object({ clock: clockSpec }).transform((answer) => answer.clock),
  z.object({ spec: clockSpec }).transform((answer) => answer.spec),
])

/** Services by the names, stripped of punctuation, that the embedded cloud's health may list them under. */
const SERVICE_NAMES = {
  ec2: ['ec2'],
  elbv2: ['elbv2', 'elasticloadbalancing', 'elasticloadbalancingv2'],
  autoscaling: ['autoscaling'],
  route53: ['route53'],
  s3: ['s3'],
  cloudwatch: ['cloudwatch', 'monitoring'],
} as const satisfies Partial<Record<Capability, readonly string[]>>

export async function describeEndpoint(
  url: string,
  options: DescribeEndpointOptions = {},
): Promise<CloudAddress> {
  const endpoint = parse(url)
  const region =
    options.region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1'
  if (options.lacks) return plainEndpoint(endpoint, region, options)
  const answer = await ask(endpoint, '/_sluice/health', options.signal)
  const own = health.safeParse(answer)
  if (!own.success) return plainEndpoint(endpoint, region, options)

  const clock = clockAnswer.safeParse(await ask(endpoint, '/_sluice/clock', options.signal))
  if (!clock.success) {
    throw new SluiceError('cloud', `the cloud at ${endpoint} does not tell its clock`, {
      hint: 'It may be of another version of Sluice: start it again with this one.',
    })
  }
  const { account, dns } = own.data
  const named = options.region ?? own.data.region ?? region
  return {
    kind: 'embedded',
    account,
    region: named,
    regions: options.regions ?? own.data.regions ?? [named],
    clock: clock.data satisfies ClockSpec,
    endpoint,
    ...(dns === undefined ? {} : { dns }),
    lacks: lacking(own.data),
  }
}

function lacking(answer: z.infer<typeof health>): CloudAddress['lacks'] {
  const lacks: Partial<Record<Capability, string>> = {}
  if (answer.dns === undefined) {
    lacks['dns'] = 'this cloud was started without a DNS server'
    lacks['data-plane'] = 'without its DNS server, load balancers of this cloud cannot be found'
  }
  if (!answer.services) return lacks
  const listed = Array.isArray(answer.services) ? answer.services : Object.keys(answer.services)
  const served = new Set(listed.map((name) => name.toLowerCase().replace(/[^a-z0-9]/g, '')))
  for (const [capability, names] of Object.entries(SERVICE_NAMES)) {
    if (!names.some((name) => served.has(name))) {
      lacks[capability as Capability] = `the embedded cloud does not serve ${capability}`
    }
  }
  return lacks
}

async function plainEndpoint(
  endpoint: string,
  region: string,
  options: DescribeEndpointOptions,
): Promise<CloudAddress> {
  const address = {
    kind: options.kind ?? 'endpoint',
    region,
    regions: options.regions ?? [region],
    clock: { kind: 'real' },
    endpoint,
    lacks: {
      'data-plane': `load balancers and instances behind ${endpoint} carry no traffic`,
      dns: `nothing is known to answer the names that ${endpoint} hands out`,
      faults: `${endpoint} is not known to take faults`,
    },
  } as const satisfies Omit<CloudAddress, 'account'>
  const clients = createClients({ ...address, account: '' }, region, options)
  try {
    const { GetCallerIdentityCommand } = await import('@aws-sdk/client-sts')
    const identity = await clients.sts.send(new GetCallerIdentityCommand({}), {
      abortSignal: limit(options.signal, options.lacks ? KNOWN_TIMEOUT : ANSWER_TIMEOUT),
    })
    if (!identity.Account) throw new SluiceError('cloud', 'STS answered without an account')
    const services = options.lacks ?? (await servicesLacking(clients, limit(options.signal)))
    const lacks = { ...address.lacks, ...services }
    options.signal?.throwIfAborted()
    return { ...address, account: identity.Account, lacks }
  } catch (thrown) {
    options.signal?.throwIfAborted()
    throw new SluiceError(
      'precondition',
      `${endpoint} does not answer as AWS does: ${describeError(thrown)}`,
      {
        cause: thrown,
        hint: 'Point at the base URL of an AWS-compatible API that serves STS GetCallerIdentity.',
      },
    )
  } finally {
    clients.destroy()
  }
}

function parse(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new SluiceError('usage', `${JSON.stringify(url)} is not the URL of an endpoint`, {
      hint: 'Write it like http://127.0.0.1:4566.',
    })
  }
  return `${parsed.protocol}//${parsed.host}${parsed.pathname.replace(/\/$/, '')}`
}

const limit = (signal?: AbortSignal, ms = ANSWER_TIMEOUT): AbortSignal => {
  const own = AbortSignal.timeout(ms)
  return signal ? AbortSignal.any([own, signal]) : own
}

/** What the endpoint answers as JSON, or undefined when it answers anything else. */
async function ask(endpoint: string, path: string, signal?: AbortSignal): Promise<unknown> {
  let response: Response
  let text: string
  try {
    response = await fetch(endpoint + path, { signal: limit(signal) })
    text = await response.text()
  } catch (thrown) {
    signal?.throwIfAborted()
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
    throw new SluiceError('precondition', `no cloud answers at ${endpoint}: ${describeError(cause)}`, {
      cause: thrown,
      hint: 'Start one with `sluice cloud`, or check the URL.',
    })
  }
  if (!response.ok) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
