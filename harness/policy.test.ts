import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CHECKING, HARMING, WATCHING } from './checks/permissions.ts'
import {
  BY_REGISTRATION,
  CHANGING,
  OBSERVING,
  OBSERVING_DNS,
  OBSERVING_INSTANCES,
  OBSERVING_REGISTRATION,
  OF_INSTANCES,
  WITH_BALANCERS,
} from './converge/permissions.ts'
import { AGREEING } from './journal/permissions.ts'
import type { Permission } from './permission.ts'
import { policyFor } from './policy.ts'

const scope = {
  accounts: ['123456789012'],
  region: 'eu-west-1',
  service: 'orders',
  loadBalancer: 'front',
  buckets: ['state'],
  prefix: 'sluice/',
}
const all: readonly Permission[] = [
  ...AGREEING,
  ...OBSERVING,
  ...CHECKING,
  ...WATCHING,
  ...HARMING,
  ...Object.values(CHANGING).flat(),
]

/** What services of other kinds take. */
const others: readonly Permission[] = [
  ...OBSERVING_DNS,
  ...OBSERVING_INSTANCES,
  ...OBSERVING_REGISTRATION,
  ...Object.values(BY_REGISTRATION).flat(),
  ...Object.values(WITH_BALANCERS).flat(),
  ...Object.values(OF_INSTANCES).flat(),
]

describe('a policy', () => {
  test('ties every change to the region, the account, and the listener or the tag of the service', () => {
    const { Statement } = policyFor(Object.values(CHANGING).flat(), scope)
    const of = (action: string) => Statement.find((each) => each.Action.includes(action))
    expect(of('elasticloadbalancing:ModifyListener')).toMatchObject({
      Resource: ['arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/front/*/*'],
    })
    expect(of('autoscaling:DeleteAutoScalingGroup')).toMatchObject({
      Resource: ['arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/*'],
      Condition: { StringEquals: { 'aws:ResourceTag/sluice:service': 'orders' } },
    })
    expect(of('autoscaling:CreateAutoScalingGroup')).toMatchObject({
      Condition: { StringEquals: { 'aws:RequestTag/sluice:service': 'orders' } },
    })
    expect(policyFor(AGREEING, scope).Statement.map(({ Resource }) => Resource)).toEqual([
      ['arn:aws:s3:::state'],
      ['arn:aws:s3:::state/sluice/*'],
    ])
    expect(of('ec2:RunInstances')).toMatchObject({
      Resource: ['*'],
      Condition: { ArnLike: {}, StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } },
    })
  })

  test('allows nothing by a wildcard, and fits what IAM takes', () => {
    const policy = policyFor(all, scope)
    const actions = policy.Statement.flatMap(({ Action }) => Action)
    expect(actions.filter((action) => action.includes('*'))).toEqual([])
    expect([...new Set(actions)].sort()).toEqual([...new Set(all.map(({ action }) => action))].sort())
    const sids = policy.Statement.map(({ Sid }) => Sid)
    expect(sids.filter((sid) => !/^[A-Za-z0-9]+$/.test(sid))).toEqual([])
    expect(new Set(sids).size).toBe(sids.length)
    // IAM User Guide, IAM and AWS STS quotas: characters of a managed policy, white space not counted.
    expect(JSON.stringify(policy).length).toBeLessThan(6_144)
  })

  test('names the partition of its region', () => {
    const resource = (region: string) =>
      policyFor(CHANGING['set-weights'], { ...scope, region }).Statement[0]?.Resource[0]
    expect(resource('cn-north-1')).toMatch(/^arn:aws-cn:/)
    expect(resource('us-gov-west-1')).toMatch(/^arn:aws-us-gov:/)
  })
})

const PREFIX: Readonly<Record<string, string>> = {
  'auto-scaling': 'autoscaling',
  cloudwatch: 'cloudwatch',
  ec2: 'ec2',
  'elastic-load-balancing-v2': 'elasticloadbalancing',
  'route-53': 'route53',
  'service-quotas': 'servicequotas',
}

/** The actions of the SDK commands that a folder's code imports. */
function imported(folder: string, skip: readonly string[]): string[] {
  const directory = join(import.meta.dirname, folder)
  const files = readdirSync(directory).filter((name) => !name.endsWith('.test.ts') && !skip.includes(name))
  const actions = files.flatMap((name) => {
    const text = readFileSync(join(directory, name), 'utf8')
    return [...text.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([\w-]+)'/g)].flatMap(
      ([, names = '', client = '']) =>
        [...names.matchAll(/(?<!as )\b(?:paginate(\w+)|([A-Z]\w+)Command)\b/g)].map(
          ([, paged, command]) => `${PREFIX[client]}:${paged ?? command}`,
        ),
    )
  })
  return [...new Set(actions)].sort()
}

const calls = (permissions: readonly Permission[]): string[] =>
  permissions.filter(({ because }) => because === undefined).map(({ action }) => action)

describe('the declared permissions', () => {
  test('are the commands that converge sends', () => {
    const declared = calls([...OBSERVING, ...Object.values(CHANGING).flat(), ...others])
    expect(imported('converge', [])).toEqual([...new Set(declared)].sort())
  })

  test('are the commands that checks send', () => {
    // One builds the world of tests; the other launches an instance, on the embedded cloud alone.
    const sent = imported('checks', ['sample-world.ts', 'shuts-down.ts'])
    const declared = calls([...OBSERVING, ...others, ...CHECKING, ...WATCHING, ...HARMING])
    expect(sent.filter((action) => !declared.includes(action))).toEqual([])
    expect(calls([...CHECKING, ...WATCHING, ...HARMING]).filter((action) => !sent.includes(action))).toEqual(
      [],
    )
  })
})
