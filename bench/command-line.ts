import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { JournalEvent } from '#harness/journal/event'

const ROOT = resolve(import.meta.dirname, '..')

/** Runs the built command line, as a user does; resolves with the events it printed. */
export async function deploy(config: string, args: readonly string[]): Promise<readonly JournalEvent[]> {
  const argv = [join(ROOT, 'dist/harness/cli.js'), 'deploy', '--config', config, '--json', ...args]
  const printed = await new Promise<string>((done) => {
    // A closed gate ends the process with 3; what it printed is the result either way.
    execFile(process.execPath, argv, { maxBuffer: 1 << 28 }, (_error, stdout) => done(stdout))
  })
  return printed.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as JournalEvent]))
}

/** Writes a config that is the example's, with these releases more, and keeps its journals in the directory. */
export async function configBeside(
  directory: string,
  { releases = {} }: { readonly releases?: Readonly<Record<string, unknown>> } = {},
): Promise<string> {
  const config = join(directory, 'sluice.config.mjs')
  const base = JSON.stringify(pathToFileURL(join(ROOT, 'sluice.config.ts')).href)
  const changes = `releases: { ...base.releases, ...${JSON.stringify(releases)} }, directory: ${JSON.stringify(directory)}`
  await writeFile(config, `import base from ${base}\nexport default { ...base, ${changes} }\n`)
  return config
}
