import { strategyNamed } from '#strategies/index'
import { CHECKING, HARMING } from '../checks/permissions.ts'
import type { Config } from '../config.ts'
import { changesOf } from '../converge/changes.ts'
import { CHANGING, OBSERVING } from '../converge/permissions.ts'
import { TAG } from '../converge/tags.ts'
import type { Permission } from '../permission.ts'
import { type PolicyScope, policyFor } from '../policy.ts'
import type { ServiceSnapshot } from '../strategy.ts'
import { loadConfig } from './config-file.ts'
import { DIAGNOSING } from './doctor/permissions.ts'
import type { Invocation } from './main.ts'

/** `sluice policy`: the IAM policy that a deployment of this config needs. Reaches no cloud. */
export async function policy({ flags, cwd, env, output }: Invocation): Promise<number> {
  const config = await loadConfig({ cwd, env, flags })
  const permissions = [...permissionsFor(config), ...(flags.resilience ? HARMING : [])]
  output.data(`${JSON.stringify(policyFor(permissions, scopeOf(config)), null, 2)}\n`)
  const { name, region } = config.service
  output.people(
    `Groups are told apart by their tag. Tag the Auto Scaling group that serves ${name} once:
  aws autoscaling create-or-update-tags --region ${region} --tags ResourceType=auto-scaling-group,ResourceId=GROUP,Key=${TAG.service},Value=${name},PropagateAtLaunch=false\n`,
  )
  return 0
}

/** What deploying by the config's strategy takes, suites and doctor included. */
function permissionsFor(config: Config): readonly Permission[] {
  const { name, options } = config.strategy
  const before = typicalService(config)
  const plan = strategyNamed(name).draw(options)(before, { version: 'next' })
  const changes = [...changesOf(plan, before)].flatMap((kind) => CHANGING[kind])
  return [...OBSERVING, ...CHECKING, ...DIAGNOSING, ...changes]
}

function scopeOf({ cloud, service }: Config): PolicyScope {
  const { region, name, entry } = service
  const accounts = cloud.kind === 'live' ? cloud.accounts : ['*']
  return { accounts, region, service: name, loadBalancer: entry.loadBalancer }
}

/** What strategies draw for: the kinds of changes that they make do not depend on how large a service is. */
function typicalService({ service }: Config): ServiceSnapshot {
  const { name, region, entry } = service
  const scope = `${name}@${region}`
  return {
    scope,
    service: name,
    region,
    entry: {
      loadBalancerArn: 'arn',
      loadBalancerName: `app/${entry.loadBalancer}`,
      dnsName: entry.loadBalancer,
      listenerArn: 'arn',
      port: entry.listener,
      protocol: 'HTTP',
      stickiness: 0,
    },
    fleets: [
      {
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
      },
    ],
    shares: { [name]: 100 },
  }
}
