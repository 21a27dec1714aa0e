import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CreateAutoScalingGroupCommand, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling'
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateLaunchTemplateCommand,
  CreateSecurityGroupCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeRegionsCommand,
  DescribeSubnetsCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand } from '@aws-sdk/client-route-53'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { request } from 'undici'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { realClock } from '../clock.ts'
import type { Cloud } from '../cloud.ts'
import { connectCloud, describeEndpoint } from './index.ts'

let embedded: EmbeddedCloud
let cloud: Cloud
let loadBalancer: { dnsName: string; zoneId: string }

beforeAll(async () => {
  embedded = await createEmbeddedCloud({ clock: realClock, settle: 'instant' })
  cloud = connectCloud(embedded.address)
  loadBalancer = await startService(cloud)
})

afterAll(async () => {
  await cloud[Symbol.asyncDispose]()
  await embedded[Symbol.asyncDispose]()
})

/** A load balancer on port 80 in front of a group of one. */
async function startService({ region }: Cloud) {
  const { ec2, elbv2, autoScaling } = region()
  const { Images } = await ec2.send(
    new DescribeImagesCommand({ Filters: [{ Name: 'name', Values: ['sluice-sample-app'] }] }),
  )
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}))
  const subnets = Subnets.slice(0, 2).flatMap((subnet) => subnet.SubnetId ?? [])
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId: Subnets[0]?.VpcId }),
  )
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpProtocol: 'tcp',
      FromPort: 80,
      ToPort: 80,
      CidrIp: '0.0.0.0/0',
    }),
  )
  const balancers = await elbv2.send(
    new CreateLoadBalancerCommand({ Name: 'orders', Subnets: subnets, SecurityGroups: [GroupId] }),
  )
  const balancer = balancers.LoadBalancers?.[0]
  const groups = await elbv2.send(
    new CreateTargetGroupCommand({ Name: 'orders', Protocol: 'HTTP', Port: 80, VpcId: Subnets[0]?.VpcId }),
  )
  const TargetGroupArn = groups.TargetGroups?.[0]?.TargetGroupArn ?? ''
  await elbv2.send(
    new CreateListenerCommand({
      LoadBalancerArn: balancer?.LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'forward', TargetGroupArn }],
    }),
  )
  const UserData = Buffer.from('{"version":"1.0.0"}').toString('base64')
  await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: 'orders',
      LaunchTemplateData: {
        ImageId: Images?.[0]?.ImageId ?? '',
        InstanceType: 't3.micro',
        SecurityGroupIds: [GroupId],
        UserData,
      },
    }),
  )
  await autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'orders',
      LaunchTemplate: { LaunchTemplateName: 'orders', Version: '1' },
      MinSize: 1,
      MaxSize: 1,
      VPCZoneIdentifier: subnets.join(','),
      TargetGroupARNs: [TargetGroupArn],
    }),
  )
  await vi.waitUntil(async () => (await ask(`http://${balancer?.DNSName}/`)).status === 200, {
    timeout: 15_000,
  })
  return { dnsName: balancer?.DNSName ?? '', zoneId: balancer?.CanonicalHostedZoneId ?? '' }
}

async function ask(url: string, through: Cloud = cloud) {
  const response = await request(url, { dispatcher: through.dispatcher })
  await response.body.dump()
  return { status: response.statusCode, version: response.headers['x-app-version'] }
}

async function codeOf(url: string): Promise<unknown> {
  const thrown = await ask(url).catch((error: unknown) => error)
  return thrown instanceof Error && 'code' in thrown ? thrown.code : thrown
}

test('clients of a region are made once, reach the cloud, and every call is told with its operation', async () => {
  const calls: string[] = []
  await using own = connectCloud(embedded.address, {
    onCall: ({ service, operation, region }) => calls.push(`${service} ${operation} ${region}`),
  })
  const { sts, ec2 } = own.region()
  expect(own.region('us-east-1')).toBe(own.region())
  expect(own.region().ec2).toBe(ec2)
  expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: '123456789012' })
  await own.region('eu-west-1').ec2.send(new DescribeRegionsCommand({}))
  expect(calls).toEqual(['sts GetCallerIdentity us-east-1', 'ec2 DescribeRegions eu-west-1'])
})

test('a load balancer answers by its DNS name, and by the names of records that lead to it', async () => {
  const { route53 } = cloud.region()
  const zone = await route53.send(new CreateHostedZoneCommand({ Name: 'shop.test', CallerReference: 'x' }))
  await route53.send(
    new ChangeResourceRecordSetsCommand({
      HostedZoneId: zone.HostedZone?.Id,
      ChangeBatch: {
        Changes: [
          {
            Action: 'CREATE',
            ResourceRecordSet: {
              Name: 'www.shop.test',
              Type: 'A',
              AliasTarget: {
                DNSName: `dualstack.${loadBalancer.dnsName}`,
                HostedZoneId: loadBalancer.zoneId,
                EvaluateTargetHealth: true,
              },
            },
          },
          {
            Action: 'CREATE',
            ResourceRecordSet: {
              Name: 'old.shop.test',
              Type: 'CNAME',
              TTL: 5,
              ResourceRecords: [{ Value: 'www.shop.test' }],
            },
          },
        ],
      },
    }),
  )
  const expected = { status: 200, version: '1.0.0' }
  expect(await ask(`http://${loadBalancer.dnsName}/`)).toEqual(expected)
  expect(await ask('http://WWW.shop.test/')).toEqual(expected)
  expect(await ask('http://old.shop.test/')).toEqual(expected)
})

test('an instance answers by its private address and name', async () => {
  const { autoScaling, ec2 } = cloud.region()
  const { AutoScalingGroups } = await autoScaling.send(new DescribeAutoScalingGroupsCommand({}))
  const id = AutoScalingGroups?.[0]?.Instances?.[0]?.InstanceId ?? ''
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))
  const address = Reservations?.[0]?.Instances?.[0]?.PrivateIpAddress ?? ''
  expect(await ask(`http://${address}/`)).toMatchObject({ status: 200, version: '1.0.0' })
  const name = `ip-${address.replaceAll('.', '-')}.us-east-1.compute.internal`
  expect(await ask(`http://${name}/`)).toMatchObject({ status: 200, version: '1.0.0' })
})

test('requests follow a name to where it leads by then, though connections to where it led are kept', async () => {
  const { route53, ec2 } = cloud.region()
  const { HostedZone: zone } = await route53.send(
    new CreateHostedZoneCommand({ Name: 'follow.test', CallerReference: 'follow' }),
  )
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}))
  const model = Reservations.flatMap(({ Instances = [] }) => Instances)[0]
  const made = await ec2.send(
    new RunInstancesCommand({
      ImageId: model?.ImageId,
      SubnetId: model?.SubnetId,
      SecurityGroupIds: model?.SecurityGroups?.flatMap(({ GroupId }) => GroupId ?? []),
      MinCount: 2,
      MaxCount: 2,
    }),
  )
  const [first, second] = (made.Instances ?? []).map(
    ({ InstanceId: id = '', PrivateIpAddress: address = '' }) => ({ id, address }),
  )
  if (!first || !second) throw new Error('no instances were launched')
  const lead = (to: string, TTL: number) =>
    route53.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: zone?.Id,
        ChangeBatch: {
          Changes: [
            {
              Action: 'UPSERT',
              ResourceRecordSet: { Name: 'a.follow.test', Type: 'A', TTL, ResourceRecords: [{ Value: to }] },
            },
          ],
        },
      }),
    )
  const asked = async (by: Cloud): Promise<unknown> => {
    const { headers, body } = await request('http://a.follow.test/', { dispatcher: by.dispatcher })
    await body.dump()
    return headers['x-instance-id']
  }
  await using heedful = connectCloud(embedded.address)
  await using forgetful = connectCloud(embedded.address, { forgetful: true })
  await lead(first.address, 2)
  await vi.waitFor(async () => expect(await asked(forgetful)).toBe(first.id))
  expect([await asked(heedful), await asked(forgetful)]).toEqual([first.id, first.id])
  await lead(second.address, 2)
  // What it was told holds for as long as its TTL says; who was told nothing asks anew.
  expect([await asked(heedful), await asked(forgetful)]).toEqual([first.id, second.id])
  await vi.waitFor(async () => expect(await asked(heedful)).toBe(second.id), { timeout: 5_000 })
})

test('a name that is not there is not found, and a port that nothing listens on refuses', async () => {
  expect(await codeOf('http://nobody.shop.test/')).toBe('ENOTFOUND')
  expect(await codeOf('http://gone-1.us-east-1.elb.localhost/')).toBe('ENOTFOUND')
  expect(await codeOf(`http://${loadBalancer.dnsName}:8080/`)).toBe('ECONNREFUSED')
  expect(await codeOf('http://10.99.99.99/')).toBe('EHOSTUNREACH')
})

test('addresses of this machine and names of other people pass through', async () => {
  const server = createServer((_req, res) => res.writeHead(204).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  expect(await ask(`http://127.0.0.1:${port}/`)).toMatchObject({ status: 204 })
  expect(await ask(`http://localhost:${port}/`)).toMatchObject({ status: 204 })
})

test('a DNS server that is gone is an error at once, not a wait', async () => {
  await using other = await createEmbeddedCloud({ clock: realClock, settle: 'instant' })
  await using client = connectCloud({ ...embedded.address, dns: other.dns })
  await other[Symbol.asyncDispose]()
  await expect(ask(`http://${loadBalancer.dnsName}/`, client)).rejects.toMatchObject({
    code: 'EAI_AGAIN',
    message: expect.stringContaining('ECONNREFUSED') as unknown,
  })
})

test('an aborted connection starts no further call and no further request', async () => {
  const stop = new AbortController()
  await using own = connectCloud(embedded.address, { signal: stop.signal })
  await own.region().sts.send(new GetCallerIdentityCommand({}))
  expect(await ask(`http://${loadBalancer.dnsName}/`, own)).toMatchObject({ status: 200 })
  stop.abort(new Error('stopped by hand'))
  await expect(own.region().sts.send(new GetCallerIdentityCommand({}))).rejects.toThrow('stopped by hand')
  await expect(ask(`http://${loadBalancer.dnsName}/`, own)).rejects.toThrow()
})

test('an error of the cloud arrives as the error that AWS would give', async () => {
  const launch = new RunInstancesCommand({ ImageId: 'ami-00000000', MinCount: 1, MaxCount: 1 })
  await expect(cloud.region().ec2.send(launch)).rejects.toMatchObject({ name: 'InvalidAMIID.NotFound' })
})

test("an endpoint of Sluice's own cloud is described by what it says of itself", async () => {
  const address = await describeEndpoint(embedded.endpoint)
  expect(address).toEqual({
    ...embedded.address,
    regions: expect.arrayContaining(['us-east-1']) as unknown,
    lacks: {},
  })
})

test('any other endpoint is known by its STS, and lacks a data plane', async () => {
  const server = createServer((req, res) => {
    if (req.method === 'GET') return void res.writeHead(404).end('<html>')
    res.setHeader('content-type', 'text/xml')
    res.end(
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn</Arn><UserId>u</UserId><Account>000000000000</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const address = await describeEndpoint(`http://127.0.0.1:${port}/`, { region: 'eu-west-1' })
  expect(address).toMatchObject({ kind: 'endpoint', account: '000000000000', region: 'eu-west-1' })
  await using plain = connectCloud(address)
  expect(plain.supports('data-plane')).toMatchObject({ ok: false })
  expect(plain.supports('ec2')).toEqual({ ok: true })
})

test('an endpoint that does not answer is a precondition that the user has to meet', async () => {
  await expect(describeEndpoint('http://127.0.0.1:1')).rejects.toMatchObject({
    code: 'precondition',
    hint: expect.stringContaining('sluice cloud') as unknown,
  })
  await expect(describeEndpoint('localhost')).rejects.toMatchObject({ code: 'usage' })
})
