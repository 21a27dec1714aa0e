import { createRequire } from 'node:module'
import { chooseImage } from '#fixtures/clouds/localstack-image'
import type { CloudSpec } from '../../config.ts'
import { type Diagnosis, fail, failed, ok, warn } from './diagnosis.ts'

const own = createRequire(import.meta.url)('sluice/package.json') as { engines: { node: string } }

/** The version of Node, held to what the package asks for (`>=22.19`). */
export function node(version = process.versions.node, wanted = own.engines.node): Diagnosis {
  const least = wanted.replace(/^>=/, '')
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number)
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return ok('node', version)
  return fail('node', `${version} is too old`, `install Node ${least} or later`)
}

type Environment = Readonly<Record<string, string | undefined>>

/** Whether Sluice itself would start containers. */
const runsContainers = (cloud: CloudSpec | undefined, env: Environment): boolean =>
  (cloud?.kind === 'localstack' && !cloud.url && !env['AWS_ENDPOINT_URL']) ||
  (cloud?.kind === 'embedded' && Object.values(cloud.images ?? {}).some((image) => 'container' in image))

/** The engine is looked for as it is when containers are started. */
export async function docker(cloud: CloudSpec | undefined, env: Environment): Promise<Diagnosis> {
  if (!runsContainers(cloud, env)) {
    return ok('docker', 'not asked; only localstack() and images that are containers need it')
  }
  try {
    const { containerEngine } = await import('#fixtures/containers/engine')
    const { client } = await containerEngine()
    return ok('docker', `server ${client.info.containerRuntime.serverVersion}`)
  } catch (thrown) {
    return failed('docker', thrown)
  }
}

/** Whether it is set and whether it need be, never what it is. */
export function localstackToken(cloud: CloudSpec | undefined, env: Environment): Diagnosis {
  const check = 'LOCALSTACK_AUTH_TOKEN'
  if (env[check]) return ok(check, 'set')
  if (cloud?.kind !== 'localstack') return ok(check, 'not set; only localstack() needs it')
  if (!runsContainers(cloud, env)) return ok(check, 'not set; a LocalStack that runs already has its own')
  try {
    const { image } = chooseImage(cloud.image, env)
    return warn(
      check,
      `not set: ${image} will be started`,
      'set it to a token of your workspace for what else there is',
    )
  } catch (thrown) {
    return failed(check, thrown)
  }
}
