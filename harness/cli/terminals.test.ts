import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling'
import {
  DeleteLaunchTemplateVersionsCommand,
  DescribeLaunchTemplateVersionsCommand,
  ModifyLaunchTemplateCommand,
} from '@aws-sdk/client-ec2'
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createSampleService } from '#fixtures/scenarios/sample-service'
import { scaledClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud } from '../connect/index.ts'
import type { JournalEvent } from '../journal/event.ts'
import { readJournal } from '../journal/file-store.ts'
import { summarise } from '../journal/summary.ts'
import type { StrategySpec } from '../strategy.ts'
import { deployIn, harmedIn, only } from './deploy-process.ts'

const CLI = join(import.meta.dirname, '../cli.ts')
const PATIENT = { timeout: 90_000 }

const CANARY: StrategySpec = { name: 'canary', options: { steps: [50, 100], bake: '5m', extend: '5m' } }

let project: string
let embedded: EmbeddedCloud
let cloud: Cloud

/** A cloud that outlives its deployments, with the service in it, and a project that deploys to it. */
beforeEach(async () => {
  embedded = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'fast' })
  cloud = connectCloud(embedded.address)
  const service = { name: 'shop', loadBalancer: 'shop', listener: 80, region: 'us-east-1' }
  await createSampleService(cloud, { ...service, release: { version: '1.0.0' } })
  project = mkdtempSync(join(tmpdir(), 'sluice-terminals-'))
  writeConfig()
})

function writeConfig(strategy: StrategySpec = CANARY, approvals?: object): void {
  const config = {
    cloud: { kind: 'endpoint', url: embedded.endpoint },
    service: { name: 'shop', entry: { loadBalancer: 'shop', listener: 80 } },
    releases: { old: { version: '1.0.0' }, new: { version: '1.1.0' } },
    baseline: 'old',
    release: 'new',
    strategy,
    approvals,
    // A busy machine delays the probe; how late it may be is a share of this limit.
    gates: { minRequests: 50, latency: { p99: '5s' } },
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
}

afterEach(async () => {
  rmSync(project, { recursive: true })
  await cloud[Symbol.asyncDispose]()
  await embedded[Symbol.asyncDispose]()
})

/** Another terminal. */
function sluice(...args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, ['--conditions=sluice-source', CLI, ...args], {
    cwd: project,
    env: { ...process.env, NO_COLOR: '1' },
  })
  return new Promise((resolve) => {
    let text = ''
    const hear = (chunk: Buffer): void => {
      text += chunk.toString()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('close', (code) => resolve({ code, text }))
  })
}

/** What groups are and say of themselves: version, capacity and bounds, role, and how what served before is got back. */
async function fleets(): Promise<unknown[]> {
  const { AutoScalingGroups: groups = [] } = await cloud
    .region()
    .autoScaling.send(new DescribeAutoScalingGroupsCommand({}))
  return groups.map((group) => {
    const tag = (key: string) => group.Tags?.find(({ Key }) => Key === key)?.Value
    const { DesiredCapacity: size, MinSize: min, MaxSize: max } = group
    return [
      group.AutoScalingGroupName,
      group.LaunchTemplate?.Version,
      size,
      min,
      max,
      tag('sluice:role'),
      tag('sluice:former'),
    ]
  })
}

const ab = (hold: string): StrategySpec => ({
  name: 'ab',
  options: { cookie: { beta: '1' }, hold, bake: '2m', extend: '4m' },
})

/** Rules of the listener, its default one left out. */
async function rules(): Promise<unknown[]> {
  const { elbv2 } = cloud.region()
  const { LoadBalancers: [balancer] = [] } = await elbv2.send(new DescribeLoadBalancersCommand({}))
  const { Listeners: [listener] = [] } = await elbv2.send(
    new DescribeListenersCommand({ LoadBalancerArn: balancer?.LoadBalancerArn }),
  )
  const { Rules = [] } = await elbv2.send(new DescribeRulesCommand({ ListenerArn: listener?.ListenerArn }))
  return Rules.filter(({ IsDefault }) => !IsDefault)
}

/** All that a deployment could leave behind. */
async function resources(): Promise<unknown> {
  const { autoScaling, elbv2, ec2 } = cloud.region()
  const [groups, targets] = await Promise.all([
    autoScaling.send(new DescribeAutoScalingGroupsCommand({})),
    elbv2.send(new DescribeTargetGroupsCommand({})),
  ])
  const LaunchTemplateId = groups.AutoScalingGroups?.[0]?.LaunchTemplate?.LaunchTemplateId
  const versions = await ec2.send(new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId }))
  return {
    groups: groups.AutoScalingGroups?.map((group) => [
      group.AutoScalingGroupName,
      group.DesiredCapacity,
      group.MinSize,
      group.MaxSize,
      group.SuspendedProcesses?.length,
      group.Tags?.map(({ Key, Value }) => `${Key}=${Value}`).sort(),
    ]),
    targets: targets.TargetGroups?.map((group) => group.TargetGroupName),
    versions: versions.LaunchTemplateVersions?.length,
  }
}

/** Acts once, when an event of a kind comes, and gives the deployment's own end. */
function deployUntil(
  matches: (event: JournalEvent) => boolean,
  act: (child: ChildProcess) => void,
): ReturnType<typeof deployIn> {
  let acted = false
  return deployIn(project, [], (event, child) => {
    if (acted || !matches(event)) return
    acted = true
    act(child)
  })
}

const judges = (stage: string) => (event: JournalEvent) =>
  event.type === 'gate-started' && event.stage === stage

const intends = (kind: string) => (event: JournalEvent) =>
  event.type === 'action-intended' && event.kind === kind

test(
  'while one deployment holds a service, another is refused, and a third terminal can ask it to go back',
  PATIENT,
  async () => {
    const before = await resources()
    let others: Promise<unknown> = Promise.resolve()
    const { code, events, err } = await deployUntil(judges('canary 50%'), () => {
      others = (async () => {
        const [second, status] = await Promise.all([sluice('deploy'), sluice('status')])
        expect(second.text).toMatch(/^sluice: shop@us-east-1 is held by deployment .*; nothing was touched\n/)
        expect(second.code).toBe(6)
        expect(status.text).toMatch(/held by deployment .*\n\s+1\.0\.0 → 1\.1\.0 by canary/)
        expect((await sluice('revert')).text).toMatch(/^asked deployment \S+ to go back/)
      })()
    })
    await others
    expect(code, err).toBe(130)
    expect(only(events, 'deployment-ended')[0]?.sentence).toMatch(/asked it to go back$/)
    expect(harmedIn(events)).toBe(0)
    expect(await resources()).toEqual(before)
  },
)

test(
  'a promoted release is taken back to the fleet that served before it, which is then to be reverted to no more',
  PATIENT,
  async () => {
    expect((await deployIn(project, [])).code).toBe(0)
    const back = await sluice('revert')
    expect(back.text).toContain('shop')
    expect(back.code, back.text).toBe(0)
    const status = await sluice('status', '--json')
    expect(JSON.parse(status.text)).toMatchObject({
      service: {
        fleets: [
          { role: 'stable', release: '1.0.0', healthy: 4 },
          { role: 'parked', release: '1.1.0', desiredCapacity: 0 },
        ],
      },
      lease: { state: 'free' },
      last: { state: 'reverted', exitCode: 0 },
    })
  },
)

test(
  'killed while it holds some clients apart, a deployment is taken up and leaves no rule behind',
  PATIENT,
  async () => {
    writeConfig(ab('30m'))
    const before = await resources()
    const killed = await deployUntil(judges('held apart'), (child) => child.kill('SIGKILL'))
    expect(await rules()).toMatchObject([{ Priority: '1' }])
    expect((await sluice('unlock', '--yes')).text).toContain('unlocked')
    await expect.poll(async () => (await sluice('status')).text, { timeout: 30_000 }).toContain('cut off')
    const directory = only(killed.events, 'deployment-started')[0]?.deployment ?? ''
    const { code, text } = await sluice('resume', join('.sluice', directory))
    expect(code, text).toBe(130)
    expect(await rules()).toEqual([])
    expect(await resources()).toEqual(before)
  },
)

test('a person who approves ends the time in which some clients are held apart', PATIENT, async () => {
  writeConfig(ab('3h'), { stages: ['held apart'], within: '1h' })
  let approval: ReturnType<typeof sluice> | undefined
  const { code, events, err } = await deployUntil(
    ({ type }) => type === 'approval-awaited',
    () => {
      approval = sluice('approve')
    },
  )
  expect((await approval)?.code).toBe(0)
  expect(code, err).toBe(0)
  expect(harmedIn(events)).toBe(0)
  const gate = only(events, 'gate-ended').find(({ stage }) => stage === 'held apart')
  expect(gate?.verdict.evidence.at(-1)?.sentence).toMatch(/^approved by /)
  expect(gate?.bakedMs).toBeLessThan(3_600_000)
  expect(await rules()).toEqual([])
})

const recreate: StrategySpec = { name: 'recreate', options: { bake: '2m' } }
const rolling: StrategySpec = { name: 'rolling', options: { batch: '50%', bake: '2m', extend: '4m' } }

/** The journal of the deployment that ended last. */
const lastJournal = (): readonly JournalEvent[] => {
  const home = join(project, '.sluice')
  const last = readdirSync(home).sort().at(-1) ?? ''
  return readJournal(join(home, last, 'journal.jsonl'))
}

test(
  'what recreate promoted is gone before what served before it comes back, and only announced downtime fails',
  PATIENT,
  async () => {
    writeConfig(recreate)
    const before = await fleets()
    expect((await deployIn(project, [])).code).toBe(0)
    // Whatever the config says now: the cloud knows how the release was promoted.
    writeConfig()
    const back = await sluice('revert')
    expect(back.code, back.text).toBe(0)
    expect(back.text).toMatch(/^Downtime: nothing serves while 1\.1\.0 drains/)
    const events = lastJournal()
    const did = only(events, 'action-intended').map(({ what }) => what)
    const emptied = did.indexOf('wait until shop-1-1-0 has drained')
    const grown = did.findIndex((what) => /^set capacity of shop to 4/.test(what))
    expect(emptied).toBeGreaterThan(-1)
    expect(grown).toBeGreaterThan(emptied)
    const { requests } = summarise(events)
    expect(requests.harmed).toBe(0)
    expect(requests.announced).toBeGreaterThan(0)
    expect(await fleets()).toEqual([...before, ['shop-1-1-0', '2', 0, 0, 8, 'parked', undefined]])
  },
)

test(
  'a promotion of which nothing is known goes back with downtime when asked to by --strategy recreate',
  PATIENT,
  async () => {
    expect((await deployIn(project, [])).code).toBe(0)
    const back = await sluice('revert', '--strategy', 'recreate')
    expect(back.code, back.text).toBe(0)
    expect(back.text).toMatch(/^Downtime: nothing serves while 1\.1\.0 drains/)
    expect(summarise(lastJournal()).requests.harmed).toBe(0)
  },
)

test(
  'what rolling promoted goes back in place, to the launch template version before, and not one request fails',
  PATIENT,
  async () => {
    writeConfig(rolling)
    const before = await fleets()
    expect((await deployIn(project, [])).code).toBe(0)
    writeConfig()
    const back = await sluice('revert')
    expect(back.code, back.text).toBe(0)
    expect(harmedIn(lastJournal())).toBe(0)
    expect(await fleets()).toEqual(before)
    const again = await sluice('revert')
    expect(again.code, again.text).toBe(2)
    expect(again.text).toMatch(/keeps nothing that served before.*\n.*sluice deploy --release/)
  },
)

test(
  'without the launch template version that it ran before, a fleet is not taken back',
  PATIENT,
  async () => {
    writeConfig(rolling)
    expect((await deployIn(project, [])).code).toBe(0)
    const { ec2, autoScaling } = cloud.region()
    const { AutoScalingGroups: [group] = [] } = await autoScaling.send(
      new DescribeAutoScalingGroupsCommand({}),
    )
    const LaunchTemplateId = group?.LaunchTemplate?.LaunchTemplateId
    await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateId, DefaultVersion: '2' }))
    await ec2.send(new DeleteLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: ['1'] }))
    const back = await sluice('revert')
    expect(back.code, back.text).toBe(2)
    expect(back.text).toMatch(/launch template version 1, which shop ran before, is gone/)
  },
)

test.for([
  ['before its fleet is created', intends('create-fleet')],
  ['with half of the traffic on it', (event: JournalEvent) => event.type === 'stage-reached'],
  ['while the old fleet drains', intends('await-empty')],
] as const)(
  'killed %s, a deployment is taken up by another process and leaves nothing behind',
  PATIENT,
  async ([, matches]) => {
    const before = await resources()
    const killed = await deployUntil(matches, (child) => child.kill('SIGKILL'))
    expect(only(killed.events, 'deployment-ended')).toEqual([])
    expect((await sluice('unlock', '--yes')).text).toContain('unlocked')
    const directory = only(killed.events, 'deployment-started')[0]?.deployment ?? ''
    // Its journal looks alive for a while; nothing else writes to it.
    await expect.poll(async () => (await sluice('status')).text, { timeout: 30_000 }).toContain('cut off')
    const { code, text } = await sluice('resume', join('.sluice', directory))
    expect(code, text).toBe(130)
    expect(await resources()).toEqual(before)
  },
)

test('a cloud that is served with the service of the config in it can be deployed to', PATIENT, async () => {
  const args = ['--service', '--port', '0', '--dns-port', '0', '--settle', 'fast', '--time-scale', '100']
  const child = spawn(process.execPath, ['--conditions=sluice-source', CLI, 'cloud', ...args], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  try {
    const [ready] = (await once(child.stdout, 'data')) as [Buffer]
    const { endpoint } = JSON.parse(ready.toString()) as { endpoint: string }
    expect((await deployIn(project, ['--cloud', endpoint])).code).toBe(0)
    expect((await sluice('status', '--cloud', endpoint)).text).toMatch(/stable +1\.1\.0 .*100% of traffic/)
  } finally {
    child.kill('SIGINT')
    expect(await ended).toEqual([0, null])
  }
})
