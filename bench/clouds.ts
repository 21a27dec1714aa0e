/**
 * Asks every cloud that `.ci/clouds` has started what it lacks, and writes that, a section a cloud, into
 * `fixtures/clouds/CLOUDS.md`. With `--check` it writes nothing, and exits with 1 where the file says something else.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endpoint, localstack } from '#fixtures/clouds/index'
import { startCloud } from '#fixtures/clouds/start'
import { CHECKING } from '#harness/checks/permissions'
import { deployingBy } from '#harness/cli/needs'
import { notBuilt } from '#harness/cli/operations'
import type { Cloud } from '#harness/cloud'
import { type CloudSpec, type Config, validateConfig } from '#harness/config'
import { compositionNamed, entriesOf, strategyNamed, strategyNames } from '#strategies/index'

const FILE = join(import.meta.dirname, '../fixtures/clouds/CLOUDS.md')
const DEADLINE = 300_000

const HEAD = `# What other clouds lack

Written by \`.ci/clouds\`, from what each of them answered: every service is asked, and every action that deployments and the
built-in suites need is tried on what is not there, so that nothing changes. An action that is tried and answered may still
do less than on AWS. None of these clouds carries traffic, so deploying there takes \`gates: { notRun: 'allow' }\`.
`

interface Known {
  readonly name: string
  readonly spec: CloudSpec
}

const { env } = process

/** Those that the environment names, in the order of the file. */
const clouds: readonly (Known | { readonly absent: string })[] = [
  known('moto_server', env['SLUICE_MOTO'], env['SLUICE_MOTO_VERSION'], (url) => endpoint(url)),
  known('MiniStack', env['SLUICE_MINISTACK'], env['SLUICE_MINISTACK_VERSION'], (url) => endpoint(url)),
  known('LocalStack', env['SLUICE_LOCALSTACK_IMAGE'], 'community', (image) => localstack({ image })),
]

function known(
  name: string,
  value: string | undefined,
  version = '',
  spec: (value: string) => CloudSpec,
): (typeof clouds)[number] {
  if (!value) return { absent: name }
  return { name: `${name} ${version}`.trim(), spec: spec(value) }
}

/** A deployment of releases that are launch template versions already, or whose versions Sluice makes. */
const configOf = (release: object): Config =>
  validateConfig(
    {
      service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
      releases: { old: { version: '1' }, new: { version: '2', ...release } },
      baseline: 'old',
      release: 'new',
      strategy: { name: 'canary', options: {} },
    },
    {},
    'clouds.ts',
    '.',
    { strategyNamed, compositionNamed },
  )

const CONFIGS = {
  'releases that are launch template versions': configOf({ launchTemplateVersion: 2 }),
  'releases whose versions Sluice makes': configOf({}),
}

async function section({ name, spec }: Known): Promise<string> {
  const signal = AbortSignal.timeout(DEADLINE)
  await using cloud = await startCloud(spec, { signal })
  const missing = await notBuilt(cloud, 'us-east-1', signal)
  return [`## ${name}`, '', ...services(cloud), '', ...actions(missing), '', ...strategies(missing), ''].join(
    '\n',
  )
}

/** Without what depends on the run: where it answered. */
const plain = (text: string): string =>
  text.replace(/https?:\/\/[\w.-]+:\d+/g, 'it').replaceAll('|', '\\|')

function services(cloud: Cloud): string[] {
  const needs = ['ec2', 'elbv2', 'autoscaling', 'route53', 's3', 'cloudwatch', 'data-plane', 'dns'] as const
  const rows = needs.map((need) => {
    const support = cloud.supports(need)
    return `| ${need} | ${support.ok ? 'yes' : `no: ${plain(support.because)}`} |`
  })
  return ['| service | there |', '|---|---|', ...rows]
}

function actions(missing: ReadonlyMap<string, string>): string[] {
  if (missing.size === 0) return ['Every action that was tried is built.']
  const byReason = new Map<string, string[]>()
  // Where each names itself in what it answers, the reasons are one.
  for (const [action, why] of [...missing].sort()) {
    const operation = action.split(':')[1] ?? action
    const reason = plain(why).replaceAll(operation, '…')
    byReason.set(reason, [...(byReason.get(reason) ?? []), action])
  }
  const rows = [...byReason].map(([reason, named]) => `| ${named.join(', ')} | ${reason} |`)
  return ['| actions that are not built | what it answers |', '|---|---|', ...rows]
}

function strategies(missing: ReadonlyMap<string, string>): string[] {
  const columns = Object.values(CONFIGS).map((config) => ({ config }))
  // Of a service that a listener leads to; those by DNS find it in another way.
  const fitting = strategyNames.filter((name) => entriesOf(strategyNamed(name)).includes('listener'))
  const rows = fitting.map((name) => {
    const cells = columns.map(({ config }) => {
      const needed = [
        ...new Set(deployingBy(config, { name, options: optionsOf(name) }).map(({ action }) => action)),
      ]
      const lacking = needed.filter((action) => missing.has(action))
      return lacking.length === 0 ? 'yes' : `lacks ${lacking.length} of ${needed.length} actions`
    })
    return `| ${name} | ${cells.join(' | ')} |`
  })
  const read = new Set(CHECKING.map(({ action }) => action))
  const unread = [...read].filter((action) => missing.has(action)).length
  return [
    `| strategy | ${Object.keys(CONFIGS).join(' | ')} |`,
    '|---|---|---|',
    ...rows,
    '',
    `The built-in suites read with ${read.size} actions more, of which it lacks ${unread}.`,
  ]
}

function optionsOf(name: string) {
  const parsed = strategyNamed(name).options.safeParse(name === 'ab' ? { header: { 'x-beta': '1' } } : {})
  if (!parsed.success) throw new Error(`${name} has no default options`)
  return parsed.data as Config['strategy']['options']
}

/** The sections of the file as it is, by the cloud's name without its version. */
function written(): Map<string, string> {
  const sections = readFileSync(FILE, 'utf8')
    .split(/^(?=## )/m)
    .slice(1)
  return new Map(sections.map((text) => [/^## (\S+)/.exec(text)?.[1] ?? '', `${text.trimEnd()}\n`]))
}

const before = written()
const check = process.argv.includes('--check')
let stale = false
const sections: string[] = []
for (const each of clouds) {
  if ('absent' in each) {
    process.stderr.write(`!! NOT RUN: what ${each.absent} lacks: it was not started\n`)
    sections.push(before.get(each.absent) ?? '')
    continue
  }
  const text = `${(await section(each)).trimEnd()}\n`
  if (text !== before.get(each.name.split(' ')[0] ?? '')) {
    stale = true
    process.stderr.write(`CLOUDS.md does not say what ${each.name} lacks now:\n${text}`)
  }
  sections.push(text)
}
if (!check) writeFileSync(FILE, [HEAD, ...sections].filter(Boolean).join('\n'))
else if (stale) {
  process.stderr.write('fixtures/clouds/CLOUDS.md is out of date: run .ci/clouds --write\n')
  process.exitCode = 1
}
process.exit()
