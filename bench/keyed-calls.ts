import { HttpRequest } from '@smithy/core/protocols'
import type { EmbeddedCloud } from '#fixtures/clouds/embedded/index'

const VERSIONS = {
  ec2: '2016-11-15',
  elasticloadbalancing: '2015-12-01',
  autoscaling: '2011-01-01',
} as const

/** Auto Scaling groups that a region has at most. */
const MOST_GROUPS = 500

type Call = () => Promise<string>

/** Fills a cloud with target groups, as many groups of two instances as may be, and answers calls about the first. */
export async function keyedCalls(
  cloud: EmbeddedCloud,
  targetGroups: number,
): Promise<ReadonlyArray<readonly [name: string, call: Call]>> {
  const ask = asking(cloud)
  const [, vpc = ''] = /<vpcId>([^<]+)/.exec(await ask('ec2', 'DescribeVpcs', {})) ?? []
  const image = { 'Filter.1.Name': 'name', 'Filter.1.Value.1': 'sluice-sample-app' }
  const [, imageId = ''] = /<imageId>([^<]+)/.exec(await ask('ec2', 'DescribeImages', image)) ?? []
  await ask('ec2', 'CreateLaunchTemplate', {
    LaunchTemplateName: 'orders',
    'LaunchTemplateData.ImageId': imageId,
    'LaunchTemplateData.InstanceType': 't3.micro',
  })
  const arns: string[] = []
  for (let at = 0; at < targetGroups; at++) {
    const made = await ask('elasticloadbalancing', 'CreateTargetGroup', {
      Name: `group-${at}`,
      Protocol: 'HTTP',
      Port: '80',
      VpcId: vpc,
    })
    const [, arn = ''] = /<TargetGroupArn>([^<]+)/.exec(made) ?? []
    arns.push(arn)
    if (at >= MOST_GROUPS) continue
    await ask('autoscaling', 'CreateAutoScalingGroup', {
      AutoScalingGroupName: `group-${at}`,
      'LaunchTemplate.LaunchTemplateName': 'orders',
      'LaunchTemplate.Version': '1',
      MinSize: '0',
      MaxSize: '2',
      DesiredCapacity: '2',
      'AvailabilityZones.member.1': 'us-east-1a',
      'TargetGroupARNs.member.1': arn,
    })
  }
  const group = { 'AutoScalingGroupNames.member.1': 'group-0' }
  const described = await ask('autoscaling', 'DescribeAutoScalingGroups', group)
  const [, instance = ''] = /<InstanceId>([^<]+)/.exec(described) ?? []
  const [arn = ''] = arns
  return [
    call('elasticloadbalancing', 'DescribeTargetGroups', { 'TargetGroupArns.member.1': arn }),
    call('elasticloadbalancing', 'DescribeTargetHealth', { TargetGroupArn: arn }),
    call('autoscaling', 'DescribeAutoScalingGroups', group),
    call('ec2', 'DescribeInstances', { 'InstanceId.1': instance }),
    call('ec2', 'DescribeTags', { 'Filter.1.Name': 'resource-id', 'Filter.1.Value.1': instance }),
  ]

  function call(...of: Parameters<typeof ask>): readonly [string, Call] {
    return [of[1], () => ask(...of)]
  }
}

/** Sends calls of the query protocol; throws for answers that are errors. */
function asking(cloud: EmbeddedCloud) {
  return async (
    service: keyof typeof VERSIONS,
    Action: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<string> => {
    const { response } = await cloud.requestHandler.handle(
      new HttpRequest({
        method: 'POST',
        path: '/',
        headers: {
          'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
          authorization: `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`,
        },
        body: new URLSearchParams({ Action, Version: VERSIONS[service], ...parameters }).toString(),
      }),
    )
    const text = Buffer.from(response.body as Uint8Array).toString()
    if (response.statusCode !== 200) throw new Error(`${Action}: ${text}`)
    return text
  }
}
