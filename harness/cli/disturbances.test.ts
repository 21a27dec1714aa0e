import {
  DeleteAutoScalingGroupCommand,
  SetDesiredCapacityCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling'
import { CreateLaunchTemplateVersionCommand, ModifyLaunchTemplateCommand } from '@aws-sdk/client-ec2'
import {
  DeleteRuleCommand,
  DescribeListenersCommand,
  ModifyListenerCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { observeService } from '../converge/observe.ts'
import { summarise } from '../journal/summary.ts'
import { deployIn, only } from './deploy-process.ts'
import { type KeptAccount, keptAccount, sluiceIn } from './kept-account.ts'

const PATIENT = { timeout: 90_000 }

let account: KeptAccount
beforeEach(async () => {
  account = await keptAccount()
})
afterEach(() => account[Symbol.asyncDispose]())

const canary = { name: 'canary', options: { steps: [50, 100], bake: '2m', extend: '4m' } }
const ab = { name: 'ab', options: { header: { 'x-beta': '1' }, hold: '2m', bake: '2m', extend: '4m' } }

/** Deploys, and while a person is waited for at a stage, has somebody else change something; then goes on. */
const deploy = async (strategy: object, stage: string, disturb: () => Promise<unknown>) => {
  account.configure({ strategy, approvals: { stages: [stage], within: '10h' } })
  let disturbed: Promise<unknown> = Promise.resolve()
  const ran = await deployIn(account.project, [], (event) => {
    if (event.type !== 'approval-awaited') return
    disturbed = disturb().then(() => sluiceIn(account.project, ['approve']))
  })
  await disturbed
  return ran
}

const observe = () => observeService(account.cloud, account.service.ref)

const forwarded = async () => {
  const { Listeners: [listener] = [] } = await account.cloud
    .region()
    .elbv2.send(new DescribeListenersCommand({ ListenerArns: [account.service.listenerArn] }))
  return listener?.DefaultActions?.[0]?.ForwardConfig?.TargetGroups ?? []
}

/** What the deployment itself says before its next stage; what the suites say, where they look first. */
interface Found {
  readonly own: RegExp
  readonly suites: RegExp
}

const STOPPED: readonly (readonly [string, object, string, () => Promise<unknown>, Found])[] = [
  [
    'edits a weight',
    canary,
    'canary 50%',
    async () => {
      const groups = await forwarded()
      const edited = groups.map((group, at) => ({ ...group, Weight: at === 0 ? 90 : 10 }))
      await account.cloud.region().elbv2.send(
        new ModifyListenerCommand({
          ListenerArn: account.service.listenerArn,
          DefaultActions: [{ Type: 'forward', ForwardConfig: { TargetGroups: edited } }],
        }),
      )
    },
    {
      own: /changed by somebody else.*weights are shop 90, shop-1-1-0 10, not/,
      suites: /split as the weights say|weights of this stage/,
    },
  ],
  [
    'deletes the candidate',
    canary,
    'canary 50%',
    () =>
      account.cloud
        .region()
        .autoScaling.send(
          new DeleteAutoScalingGroupCommand({ AutoScalingGroupName: 'shop-1-1-0', ForceDelete: true }),
        ),
    {
      own: /changed by somebody else.*Auto Scaling group shop-1-1-0 is gone/,
      suites: /(1\.1\.0|the service) answered \d+ of \d+ requests with an error|the check “.*shop-1-1-0/,
    },
  ],
  [
    'has the candidate launch something else',
    canary,
    'canary 50%',
    () =>
      account.cloud.region().autoScaling.send(
        new UpdateAutoScalingGroupCommand({
          AutoScalingGroupName: 'shop-1-1-0',
          LaunchTemplate: { LaunchTemplateId: account.service.launchTemplateId, Version: '1' },
        }),
      ),
    {
      own: /changed by somebody else.*shop-1-1-0 launches from lt-\w+ version 1, not/,
      suites: /runs what its group records/,
    },
  ],
  [
    'deletes the rule that sends clients apart',
    ab,
    'held apart',
    async () => {
      const [rule] = (await observe()).routes ?? []
      await account.cloud.region().elbv2.send(new DeleteRuleCommand({ RuleArn: rule?.ruleArn }))
    },
    { own: /changed by somebody else.*the rule for x-beta: 1 is gone/, suites: /split as the weights say/ },
  ],
]

test.each(STOPPED)(
  'somebody else %s: the deployment goes back, says what it found, and everything is as it was',
  PATIENT,
  async (_who, strategy, stage, disturb, found) => {
    const before = await account.resources()
    const { code, events, err } = await deploy(strategy, stage, disturb)
    // Seen by the suites that close the gate, or else before the next stage is begun.
    expect([1, 3], err).toContain(code)
    const [end] = only(events, 'deployment-ended')
    expect(end).toMatchObject({ state: 'reverted', left: [] })
    expect(end?.sentence).toMatch(code === 1 ? found.own : found.suites)
    // A group that is deleted by force goes on ending its instances for a while.
    await expect.poll(() => account.resources(), { timeout: 20_000 }).toEqual(before)
  },
)

test(
  'the stable fleet is scaled out: what it was given stays, and the new fleet gets as much',
  PATIENT,
  async () => {
    const { code, events, err } = await deploy(canary, 'canary 50%', () =>
      account.cloud
        .region()
        .autoScaling.send(
          new SetDesiredCapacityCommand({ AutoScalingGroupName: 'shop', DesiredCapacity: 6 }),
        ),
    )
    expect(code, err).toBe(0)
    expect(summarise(events).requests.harmed).toBe(0)
    expect(only(events, 'note').map(({ text }) => text)).toContain(
      'shop was raised from 4 to 6, and keeps it',
    )
    const [serving] = (await observe()).fleets
    expect(serving).toMatchObject({
      name: 'shop-1-1-0',
      desiredCapacity: 6,
      healthy: 6,
      minSize: 4,
      maxSize: 8,
    })
  },
)

test(
  'an instance dies, and the default of the launch template changes: the deployment goes on',
  PATIENT,
  async () => {
    const { launchTemplateId: LaunchTemplateId } = account.service
    const { code, events, err } = await deploy(canary, 'canary 50%', async () => {
      const { autoScaling, ec2 } = account.cloud.region()
      await ec2.send(
        new CreateLaunchTemplateVersionCommand({
          LaunchTemplateId,
          SourceVersion: '1',
          LaunchTemplateData: { UserData: Buffer.from('{"version":"6.6.6"}').toString('base64') },
        }),
      )
      await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateId, DefaultVersion: '3' }))
      const [shop] = account.embedded.world.region('us-east-1').autoScaling.instances.values()
      await autoScaling.send(
        new TerminateInstanceInAutoScalingGroupCommand({
          InstanceId: shop?.instanceId,
          ShouldDecrementDesiredCapacity: false,
        }),
      )
    })
    expect(code, err).toBe(0)
    const { requests } = summarise(events)
    expect(requests.byVersion.map(({ version }) => version)).not.toContain('6.6.6')
  },
)
