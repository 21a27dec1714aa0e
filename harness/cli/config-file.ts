import { existsSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compositionNamed, strategyNamed } from '#strategies/index'
import { type CloudSpec, type Config, validateConfig } from '../config.ts'
import { SluiceError } from '../errors.ts'

/** Looked for in this order. */
export const CONFIG_NAMES = ['sluice.config.ts', 'sluice.config.mts', 'sluice.config.js', 'sluice.config.mjs']

/** Flags that lay over the config. */
interface ConfigFlags {
  readonly config?: string
  readonly cloud?: string
  readonly strategy?: string
  readonly release?: string
  readonly region?: string
}

interface LoadOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: ConfigFlags
}

/** Finds, loads and validates the config, flags before environment before file. Throws `config` or `usage` errors. */
export async function loadConfig({ cwd, env, flags }: LoadOptions): Promise<Config> {
  const path = findConfig(cwd, flags.config)
  const exported = await importConfig(path)
  const region = flags.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION']
  const chosen = chooseCloud(exported, flags.cloud, env)
  return validateConfig(
    exported,
    {
      ...(chosen === undefined ? {} : { cloud: chosen }),
      ...(flags.strategy === undefined ? {} : { strategy: flags.strategy }),
      ...(flags.release === undefined ? {} : { release: flags.release }),
      ...(region === undefined ? {} : { region }),
    },
    basename(path),
    dirname(path),
    { strategyNamed, compositionNamed },
  )
}

function findConfig(cwd: string, named: string | undefined): string {
  if (named !== undefined) {
    const path = resolve(cwd, named)
    if (existsSync(path)) return path
    throw new SluiceError('config', `there is no config file ${named}`, { hint: 'correct --config' })
  }
  const found = CONFIG_NAMES.map((name) => resolve(cwd, name)).find((path) => existsSync(path))
  if (found) return found
  throw new SluiceError('config', `there is no ${CONFIG_NAMES[0]} in ${cwd}`, {
    hint: 'run sluice where your config is, or name it with --config',
  })
}

async function importConfig(path: string): Promise<unknown> {
  try {
    const { createJiti } = await import('jiti')
    const jiti = createJiti(import.meta.url, {
      tryNative: process.features.typescript !== false,
      fsCache: false,
    })
    return await jiti.import(pathToFileURL(path).href, { default: true })
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw new SluiceError('config', `${basename(path)} cannot be loaded: ${why}`, {
      cause: thrown,
      hint: 'it must be a module that exports its config by default',
    })
  }
}

const KINDS = ['embedded', 'localstack', 'endpoint', 'live']

/**
 * Which cloud: `--cloud`, else `SLUICE_CLOUD`, else an endpoint when `AWS_ENDPOINT_URL` names one, else the config's.
 * A kind keeps what the config says of that kind; a URL is an endpoint.
 */
function chooseCloud(
  exported: unknown,
  flag: string | undefined,
  env: LoadOptions['env'],
): object | undefined {
  const url = env['AWS_ENDPOINT_URL'] || undefined
  const named = flag ?? env['SLUICE_CLOUD'] ?? (url === undefined ? undefined : 'endpoint')
  if (named === undefined) return undefined
  if (/^https?:\/\//.test(named)) return { kind: 'endpoint', url: named }
  if (!KINDS.includes(named)) {
    throw new SluiceError('usage', `there is no cloud ${named}`, {
      hint: `clouds: ${KINDS.join(', ')}, or the URL of one`,
    })
  }
  const configured = configuredCloud(exported)
  if (configured?.kind === named)
    return url !== undefined && named === 'endpoint' ? { ...configured, url } : configured
  if (named === 'endpoint' && url === undefined) {
    throw new SluiceError('usage', 'the endpoint cloud needs a URL', {
      hint: 'set AWS_ENDPOINT_URL, or give --cloud the URL',
    })
  }
  if (named === 'live') {
    throw new SluiceError(
      'usage',
      'a live cloud must be named in the config, with its accounts and regions',
      {
        hint: "cloud: live({ accounts: ['…'], regions: ['…'] })",
      },
    )
  }
  return named === 'endpoint' ? { kind: named, url } : { kind: named }
}

function configuredCloud(exported: unknown): Partial<CloudSpec> | undefined {
  if (typeof exported !== 'object' || exported === null || !('cloud' in exported)) return undefined
  const cloud = exported.cloud
  return typeof cloud === 'object' && cloud !== null ? cloud : undefined
}
