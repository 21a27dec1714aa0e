import { CHECKING, HARMING, WATCHING } from '../checks/permissions.ts'
import type { Config } from '../config.ts'
import { TAG } from '../converge/tags.ts'
import { isDns } from '../entry.ts'
import type { ServiceRef } from '../gate.ts'
import { AGREEING } from '../journal/permissions.ts'
import { bucketOf } from '../journal/state-bucket.ts'
import { type PolicyScope, policyFor } from '../policy.ts'
import { loadConfig } from './config-file.ts'
import type { Invocation } from './main.ts'
import { deploying } from './needs.ts'
import type { Output } from './output.ts'

/** `sluice policy`: the IAM policy that a deployment of this config needs. Reaches no cloud. */
export async function policy({ flags, cwd, env, output }: Invocation): Promise<number> {
  const config = await loadConfig({ cwd, env, flags })
  const permissions = [
    ...deploying(config),
    ...AGREEING,
    ...CHECKING,
    ...(config.gates.alarms?.length ? WATCHING : []),
    ...(flags.resilience ? HARMING : []),
  ]
  output.data(
    `${JSON.stringify(policyFor(permissions, ...config.sites.map(({ ref }) => scopeOf(config, ref))), null, 2)}\n`,
  )
  for (const { ref } of config.sites) tellTag(ref, output)
  return 0
}

function tellTag({ name, region }: ServiceRef, output: Output): void {
  output.people(
    `Groups are told apart by their tag. Tag the Auto Scaling group that serves ${name} once:
  aws autoscaling create-or-update-tags --region ${region} --tags ResourceType=auto-scaling-group,ResourceId=GROUP,Key=${TAG.service},Value=${name},PropagateAtLaunch=false\n`,
  )
}

function scopeOf({ cloud, state }: Config, { region, name, entry }: ServiceRef): PolicyScope {
  const accounts = cloud.kind === 'live' ? cloud.accounts : ['*']
  const buckets = state.bucket === undefined ? accounts.map((id) => bucketOf(id, region)) : [state.bucket]
  const { prefix } = state
  return {
    accounts,
    region,
    service: name,
    loadBalancer: isDns(entry) ? '*' : entry.loadBalancer,
    buckets,
    prefix,
  }
}
