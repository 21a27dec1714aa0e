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
do less than on AWS: deployments on these clouds, held event by event to those on the embedded one, are in
\`harness/cli/other-clouds.test.ts\`, and what they found is said below. None of these clouds carries traffic, so deploying there
takes \`gates: { notRun: 'allow' }\`. What is not there is found out, and said, before a deployment touches anything.
`

interface Known {
  readonly name: string
  readonly spec: CloudSpec
  /** What deployments there found to be otherwise than on AWS. */
  readonly otherwise: readonly string[]
}

const { env } = process

const TAGS =
  'A launch template is described with the tags that it was created with: Sluice asks for its tags by themselves.'

/** Those that the environment names, in the order of the file. */
const clouds: readonly (Known | { readonly absent: string })[] = [
  known('moto_server', env['SLUICE_MOTO'], env['SLUICE_MOTO_VERSION'], (url) => endpoint(url), [
    'An instance of a group is said to run the default version of its launch template: leave out `immutable`.',
    'All instances of a group are launched in one zone: leave out `zone-balance`.',
    'Targets stay registered, and healthy, when their group terminates them: Sluice asks EC2 what has ended.',
    'A group cannot launch from a second launch template version that has user data: status 500, and the way back.',
    TAGS,
  ]),
  known('MiniStack', env['SLUICE_MINISTACK'], env['SLUICE_MINISTACK_VERSION'], (url) => endpoint(url), [
    'Groups know nothing of target groups, nor listeners of weights.',
    'Instances are not said to run a launch template version: tag them `sluice:launch-template-version`.',
  ]),
  known('LocalStack', env['SLUICE_LOCALSTACK_IMAGE'], 'community', (image) => localstack({ image }), [TAGS]),
]

function known(
  name: string,
  value: string | undefined,
  version = '',
  spec: (value: string) => CloudSpec,
  otherwise: readonly string[],
): (typeof clouds)[number] {
  if (!value) return { absent: name }
  return { name: `${name} ${version}`.trim(), spec: spec(value), otherwise }
}

const DNS = { zone: 'example.com', record: 'shop.example.com' }

/** What leads users to a service, and to its fleets. */
const ENTRIES = {
  listener: { loadBalancer: 'shop', listener: 80 },
  'DNS, to load balancers': { dns: { ...DNS, to: 'load-balancers' } },
  'DNS, to instances': { dns: { ...DNS, to: 'instances' } },
}

/** A deployment of releases that are launch template versions already, or whose versions Sluice makes. */
const configOf = (entry: object, release: object): Config =>
  validateConfig(
    {
      service: { name: 'shop', entry },
      releases: { old: { version: '1' }, new: { version: '2', ...release } },
      baseline: 'old',
      release: 'new',
      strategy: { name: 'dns' in entry ? 'dns-weighted' : 'canary', options: {} },
    },
    {},
    'clouds.ts',
    '.',
    { strategyNamed, compositionNamed },
  )

const RELEASES = {
  'releases that are launch template versions': { launchTemplateVersion: 2 },
  'releases whose versions Sluice makes': {},
}

async function section({ name, spec, otherwise }: Known): Promise<string> {
  const signal = AbortSignal.timeout(DEADLINE)
  await using cloud = await startCloud(spec, { signal })
  const missing = await notBuilt(cloud, 'us-east-1', signal)
  const found = otherwise.length === 0 ? [] : ['', ...otherwise.map((each) => `- ${each}`)]
  return [
    `## ${name}`,
    '',
    ...services(cloud),
    '',
    ...actions(missing),
    '',
    ...strategies(missing),
    ...found,
    '',
  ].join('\n')
}

/** Without what depends on the run: where it answered. */
const plain = (text: string): string => text.replace(/https?:\/\/[\w.-]+:\d+/g, 'it').replaceAll('|', '\\|')

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
  const rows = Object.entries(ENTRIES).flatMap(([reached, entry]) => {
    const via = 'dns' in entry ? 'dns' : 'listener'
    const fitting = strategyNames.filter((name) => entriesOf(strategyNamed(name)).includes(via))
    return fitting.map((name) => {
      const cells = Object.values(RELEASES).map((release) => {
        const strategy = { name, options: optionsOf(name) }
        const actions = deployingBy(configOf(entry, release), strategy).map(({ action }) => action)
        const needed = [...new Set(actions)]
        const lacking = needed.filter((action) => missing.has(action))
        return lacking.length === 0 ? 'yes' : `lacks ${lacking.length} of ${needed.length} actions`
      })
      return `| ${[name, reached, ...cells].join(' | ')} |`
    })
  })
  const read = new Set(CHECKING.map(({ action }) => action))
  const unread = [...read].filter((action) => missing.has(action)).length
  return [
    `| strategy | users come by | ${Object.keys(RELEASES).join(' | ')} |`,
    '|---|---|---|---|',
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
