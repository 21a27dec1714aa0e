import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import type { CloudKind } from '../../cloud.ts'
import { type Diagnosis, fail, ok, warn } from './diagnosis.ts'

const own = createRequire(import.meta.url)('sluice/package.json') as { engines: { node: string } }

/** The version of Node, held to what the package asks for (`>=22.19`). */
export function node(version = process.versions.node, wanted = own.engines.node): Diagnosis {
  const least = wanted.replace(/^>=/, '')
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number)
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return ok('node', version)
  return fail('node', `${version} is too old`, `install Node ${least} or later`)
}

/** Wall milliseconds; a client without its daemon can wait for long. */
const DOCKER_WITHIN = 5_000

/** Only LocalStack runs in it. */
export async function docker(kind: CloudKind | undefined, signal: AbortSignal): Promise<Diagnosis> {
  try {
    const { stdout } = await promisify(execFile)('docker', ['version', '--format', '{{.Server.Version}}'], {
      timeout: DOCKER_WITHIN,
      signal,
    })
    return ok('docker', `server ${stdout.trim()}`)
  } catch {
    signal.throwIfAborted()
    return kind === 'localstack'
      ? warn('docker', 'no Docker daemon answers', 'if LocalStack shall run on this machine, start Docker')
      : ok('docker', 'not there; only localstack() needs it')
  }
}

/** Whether it is set, never what it is. */
export function localstackToken(
  kind: CloudKind | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Diagnosis {
  const check = 'LOCALSTACK_AUTH_TOKEN'
  if (env[check]) return ok(check, 'set')
  return kind === 'localstack'
    ? warn(check, 'not set', 'where LocalStack asks for one, set it to a token of your workspace')
    : ok(check, 'not set; only localstack() needs it')
}
