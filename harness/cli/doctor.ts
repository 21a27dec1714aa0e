import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { startCloud } from '#fixtures/clouds/start'
import { balancersOf } from '../checks/check.ts'
import type { Capability, Cloud } from '../cloud.ts'
import type { Config } from '../config.ts'
import { explainFailure } from '../connect/index.ts'
import { loadConfig } from './config-file.ts'
import { type Diagnosis, failed, ok, warn } from './doctor/diagnosis.ts'
import { docker, localstackToken, node } from './doctor/machine.ts'
import { permissions } from './doctor/permissions.ts'
import { quotas } from './doctor/quotas.ts'
import { service } from './doctor/service.ts'
import type { Invocation } from './main.ts'
import { requireSupport } from './require.ts'

/** What deployments and the built-in suites need of a cloud. */
const NEEDED: readonly Capability[] = ['ec2', 'elbv2', 'autoscaling', 'route53', 'data-plane', 'dns']

/** `sluice doctor`: whether a deployment could start here. Changes nothing; exit 0 or 2. */
export async function doctor({ flags, cwd, env, output, interrupt }: Invocation): Promise<number> {
  let worst = 0
  const tell = (diagnosis: Diagnosis): void => {
    if (diagnosis.status === 'fail') worst = 2
    output.data(flags.json ? `${JSON.stringify({ type: 'diagnosis', ...diagnosis })}\n` : line(diagnosis))
  }
  tell(node())
  const config = await attempt('config', tell, interrupt, () => loadConfig({ cwd, env, flags }))
  if (config)
    tell(ok('config', `${config.service.name} in ${config.service.region}, by ${config.strategy.name}`))
  tell(await docker(config?.cloud, env))
  tell(localstackToken(config?.cloud, env))
  if (!config) return worst
  await using cloud = await attempt('cloud', tell, interrupt, () =>
    startCloud(config.cloud, { signal: interrupt }),
  )
  if (cloud) await lookAt(cloud, config, tell, interrupt)
  return worst
}

/** One line, whatever was said. */
const line = ({ status, check, says, next }: Diagnosis): string =>
  `${status.padEnd(4)}  ${check.padEnd(21)}  ${says.replace(/\s*\n\s*/g, '; ')}${next === undefined ? '' : ` → ${next}`}\n`

/** What the work gives; when it throws, that is told, and there is nothing. */
async function attempt<Value>(
  check: string,
  tell: (diagnosis: Diagnosis) => void,
  signal: AbortSignal,
  work: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await work()
  } catch (thrown) {
    signal.throwIfAborted()
    tell(failed(check, explainFailure(thrown) ?? thrown))
    return undefined
  }
}

async function lookAt(
  cloud: Cloud,
  config: Config,
  tell: (diagnosis: Diagnosis) => void,
  signal: AbortSignal,
): Promise<void> {
  const { kind, account, region, endpoint } = cloud.address
  tell(ok('cloud', `${kind} answers${endpoint ? ` at ${endpoint}` : ` in ${region}`}`))
  for (const need of NEEDED) {
    const support = cloud.supports(need)
    if (!support.ok)
      tell(warn('cloud', `has no ${need}: ${support.because}`, 'choose another cloud to prove this on'))
  }
  const { service: ref } = config
  const clients = cloud.region(ref.region)
  const caller = await attempt('account', tell, signal, () =>
    clients.sts.send(new GetCallerIdentityCommand({}), { abortSignal: signal }),
  )
  if (!caller) return
  tell(ok('account', `${account}, as ${caller.Arn}`))
  // Its service is created when a command starts it.
  if (config.cloud.kind === 'embedded') return
  const seen = await attempt('service', tell, signal, () => service(cloud, ref, signal))
  if (!seen) return
  for (const each of seen.diagnoses) tell(each)
  const found = await attempt('strategy', tell, signal, async () => {
    await requireSupport(cloud, config, signal)
    return ok('strategy', `a deployment by ${config.strategy.name} finds what it needs`)
  })
  if (found) tell(found)
  if (seen.stable.kind === 'group') tell(await permissions(clients, seen.stable, seen.subnet, signal))
  const balancer = balancersOf(seen.observed)[0]?.loadBalancerArn
  if (balancer !== undefined) tell(await quotas(clients, balancer, signal))
}
