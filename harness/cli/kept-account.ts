/** For tests: an embedded cloud that outlives its deployments, with a service in it, and a project that deploys there. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { paginateDescribeAutoScalingGroups } from '@aws-sdk/client-auto-scaling'
import { DescribeLaunchTemplateVersionsCommand } from '@aws-sdk/client-ec2'
import {
  DescribeListenersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import {
  createSampleService,
  type SampleService,
  type SampleServiceSpec,
} from '#fixtures/scenarios/sample-service'
import { scaledClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'

const CLI = join(import.meta.dirname, '../cli.ts')

export interface KeptAccount extends AsyncDisposable {
  readonly embedded: EmbeddedCloud
  readonly cloud: Cloud
  readonly service: SampleService
  readonly project: string
  /** Lays the keys over the config of the project. */
  configure(more: Readonly<Record<string, unknown>>): void
  /** Everything that a deployment might touch, resource by resource, but instances. */
  resources(): Promise<unknown>
}

/** The service `shop` on 1.0.0, a fleet alone or a pair, and `old`, `good`, `errors` and `unhealthy` to deploy. */
export async function keptAccount(spec: Partial<SampleServiceSpec> = {}): Promise<KeptAccount> {
  const embedded = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'fast' })
  const cloud = connectCloud(embedded.address)
  const project = mkdtempSync(join(tmpdir(), 'sluice-kept-'))
  const service = await createSampleService(cloud, { name: 'shop', release: { version: '1.0.0' }, ...spec })
  const defect = (version: string, ...defects: object[]) => ({ version, userData: { version, defects } })
  const base = {
    cloud: { kind: 'endpoint', url: embedded.endpoint },
    service: {
      name: 'shop',
      entry: { loadBalancer: 'shop', listener: 80 },
      fleets: spec.fleets ?? 'clone',
    },
    releases: {
      old: { version: '1.0.0' },
      good: { version: '1.1.0' },
      errors: defect('1.2.0', { kind: 'error', rate: 0.5 }),
      unhealthy: defect('1.3.0', { kind: 'never-healthy' }),
    },
    baseline: 'old',
    release: 'good',
    strategy: { name: 'canary', options: { steps: [25, 100], bake: '2m', extend: '4m' } },
    // A busy machine delays the probe; how late it may be is a share of this limit.
    gates: { minRequests: 50, latency: { p99: '5s', slowdown: 20 } },
  }
  const configure: KeptAccount['configure'] = (more) =>
    writeFileSync(
      join(project, 'sluice.config.mjs'),
      `export default ${JSON.stringify({ ...base, ...more })}\n`,
    )
  configure({})
  return {
    embedded,
    cloud,
    service,
    project,
    configure,
    resources: () => resourcesOf(cloud, service),
    async [Symbol.asyncDispose]() {
      rmSync(project, { recursive: true, maxRetries: 3 })
      await cloud[Symbol.asyncDispose]()
      await embedded[Symbol.asyncDispose]()
    },
  }
}

/** Runs any command in a project. */
export function sluiceIn(
  project: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, ['--conditions=sluice-source', CLI, ...args], {
    cwd: project,
    env: { ...process.env, NO_COLOR: '1' },
  })
  return new Promise((resolve) => {
    const text = { out: '', err: '' }
    child.stdout.on('data', (chunk) => {
      text.out += chunk
    })
    child.stderr.on('data', (chunk) => {
      text.err += chunk
    })
    child.on('close', (code) => resolve({ code, ...text }))
  })
}

async function resourcesOf(cloud: Cloud, { listenerArn, loadBalancerArn, launchTemplateId }: SampleService) {
  const { autoScaling, elbv2, ec2 } = cloud.region()
  const groups: unknown[] = []
  for await (const page of paginateDescribeAutoScalingGroups(
    { client: autoScaling },
    { IncludeInstances: false },
  ))
    groups.push(...(page.AutoScalingGroups ?? []))
  const { Listeners: listeners } = await elbv2.send(
    new DescribeListenersCommand({ LoadBalancerArn: loadBalancerArn }),
  )
  const { Rules: rules } = await elbv2.send(new DescribeRulesCommand({ ListenerArn: listenerArn }))
  const { TargetGroups: targetGroups = [] } = await elbv2.send(new DescribeTargetGroupsCommand({}))
  const attributes = await Promise.all(
    targetGroups.map(({ TargetGroupArn }) =>
      elbv2.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn })),
    ),
  )
  const { LaunchTemplateVersions: versions } = await ec2.send(
    new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId: launchTemplateId }),
  )
  const settings = attributes.map(({ Attributes }) => Attributes)
  return { groups, listeners, rules, targetGroups, settings, versions }
}
