import { existsSync, realpathSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config } from '../config.ts'
import { SluiceError } from '../errors.ts'
import type { TestPick } from '../gate.ts'
import type { GatePhase } from '../strategy.ts'

/** The folder of the built-in suites: beside this code, in source as in the built package. */
const BUILT_IN = resolve(dirname(fileURLToPath(import.meta.url)), '../../suites')

/** The package's own root, when this code runs from its `dist` or from its source. */
const PACKAGE_ROOT = existsSync(join(BUILT_IN, '../package.json'))
  ? resolve(BUILT_IN, '..')
  : resolve(BUILT_IN, '../..')

const SUITE = '*.suite.{ts,mts,js,mjs}'

/** Files to run, and what is picked from the user's own among them. */
export interface Suites {
  readonly files: readonly string[]
  readonly pick: TestPick
}

/** The user's suites that are run for every mix of versions of a system; often there are none. */
export async function contractFiles({ root, suites }: Config): Promise<Suites> {
  const files = await found(root, suites.contract.files)
  return { files, pick: { ...suites.contract, files } }
}

/**
 * The suite files of a phase: those built in, then the user's. Only from the latter tests are picked: a built-in check is
 * left out by its name and with a reason. Throws `config` when there is none at all.
 */
export async function suiteFiles(config: Config, phase: GatePhase): Promise<Suites> {
  const asked = config.suites[phase]
  const builtIn = await found(BUILT_IN, [`${phase}/**/${SUITE}`])
  // In Sluice's own repository both are the same suites.
  const own =
    realpathSync(config.root) === realpathSync(PACKAGE_ROOT) ? [] : await found(config.root, asked.files)
  const files = [...builtIn, ...own]
  if (files.length > 0) return { files, pick: { ...asked, files: own } }
  throw new SluiceError('config', `no suite was found for ${phase}`, {
    hint: `looked for ${asked.files.join(', ') || 'nothing'} in ${config.root} and for built-in ones in ${BUILT_IN}`,
  })
}

async function found(directory: string, patterns: readonly string[]): Promise<string[]> {
  const files: string[] = []
  for await (const file of glob(patterns, { cwd: directory })) {
    if (!file.endsWith('.d.ts') && !file.split('/').includes('node_modules'))
      files.push(resolve(directory, file))
  }
  return [...new Set(files)].sort()
}
