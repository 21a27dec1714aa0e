/**
 * One world of so many instances in a process of its own: `node scale-world.ts 10000`. Prints `ScaleFigures` as JSON.
 * A small world comes first, so that what is measured is warm whatever its size.
 */
import { AutoScaling, paginateDescribeAutoScalingGroups } from '@aws-sdk/client-auto-scaling'
import { EC2, paginateDescribeInstances } from '@aws-sdk/client-ec2'
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2'
import { createEmbeddedCloud, type EmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { realClock, wallClock } from '#harness/clock'

/** Wall milliseconds of what was done with one world, and what it takes to keep. */
export interface ScaleFigures {
  readonly create: number
  readonly describe: number
  readonly reconcile: number
  readonly residentMiB: number
}

/** Instances of one group. */
const EACH = 100
/** What every group grows by to see what a change costs. */
const MORE = 10
const WARM_UP = 1_000
const PATIENCE_MS = 60_000
const ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1c']

const count = Number(process.argv[2] ?? '1000')
await measure(WARM_UP)
process.stdout.write(`${JSON.stringify(await measure(count))}\n`)

async function measure(instances: number): Promise<ScaleFigures> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`)
  await using cloud = await createEmbeddedCloud({ clock: realClock, settle: 'fast', log })
  const config = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: cloud.requestHandler,
  }
  const made: Made = {
    cloud,
    ec2: new EC2(config),
    elbv2: new ElasticLoadBalancingV2(config),
    autoScaling: new AutoScaling(config),
    groups: Array.from({ length: instances / EACH }, (_, at) => `group-${at}`),
  }
  return {
    create: await timed(() => create(made)),
    describe: await timed(() => describe(made)),
    reconcile: await timed(() => reconcile(made)),
    residentMiB: process.memoryUsage.rss() / 2 ** 20,
  }
}

interface Made {
  readonly cloud: EmbeddedCloud
  readonly ec2: EC2
  readonly elbv2: ElasticLoadBalancingV2
  readonly autoScaling: AutoScaling
  readonly groups: readonly string[]
}

async function timed(work: () => Promise<void>): Promise<number> {
  const from = wallClock.now()
  await work()
  return wallClock.now() - from
}

/** A network with room for all, and the groups one after the other, each with a target group. */
async function create(made: Made): Promise<void> {
  const { ec2, elbv2, autoScaling } = made
  const { Vpc } = await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })
  const subnets: string[] = []
  for (const [at, AvailabilityZone] of ZONES.entries()) {
    const CidrBlock = `10.0.${64 * at}.0/18`
    const { Subnet } = await ec2.createSubnet({ VpcId: Vpc?.VpcId, CidrBlock, AvailabilityZone })
    subnets.push(Subnet?.SubnetId ?? '')
  }
  const { Images } = await ec2.describeImages({ Filters: [{ Name: 'name', Values: ['sluice-sample-app'] }] })
  await ec2.createLaunchTemplate({
    LaunchTemplateName: 'orders',
    LaunchTemplateData: { ImageId: Images?.[0]?.ImageId, InstanceType: 't3.micro' },
  })
  for (const name of made.groups) {
    const { TargetGroups } = await elbv2.createTargetGroup({
      Name: name,
      Protocol: 'HTTP',
      Port: 80,
      VpcId: Vpc?.VpcId,
    })
    await autoScaling.createAutoScalingGroup({
      AutoScalingGroupName: name,
      LaunchTemplate: { LaunchTemplateName: 'orders', Version: '1' },
      MinSize: 0,
      MaxSize: EACH + MORE,
      DesiredCapacity: EACH,
      VPCZoneIdentifier: subnets.join(','),
      TargetGroupARNs: [TargetGroups?.[0]?.TargetGroupArn ?? ''],
    })
  }
  await settled(made, EACH)
}

/** Every instance and every group, a page at a time. */
async function describe({ ec2, autoScaling, groups }: Made): Promise<void> {
  let instances = 0
  for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 100 }, {})) {
    for (const { Instances = [] } of page.Reservations ?? []) instances += Instances.length
  }
  let members = 0
  for await (const page of paginateDescribeAutoScalingGroups({ client: autoScaling, pageSize: 10 }, {})) {
    for (const { Instances = [] } of page.AutoScalingGroups ?? []) members += Instances.length
  }
  const wanted = groups.length * EACH
  if (instances !== wanted || members !== wanted)
    throw new Error(`${instances} instances and ${members} members of ${wanted} were described`)
}

/** Every group grows. */
async function reconcile(made: Made): Promise<void> {
  for (const name of made.groups) {
    await made.autoScaling.setDesiredCapacity({ AutoScalingGroupName: name, DesiredCapacity: EACH + MORE })
  }
  await settled(made, EACH + MORE)
}

/** Waits until every group has that many instances in service, and all of them listen. */
async function settled({ cloud, groups }: Made, each: number): Promise<void> {
  const { autoScaling } = cloud.world.region('us-east-1')
  const wanted = groups.length * each
  const from = wallClock.now()
  for (;;) {
    const rows = [...autoScaling.instances.values()]
    const inService = rows.filter((row) => row.lifecycleState === 'InService').length
    if (inService === wanted && cloud.world.wiring.instances.size === wanted) return
    if (wallClock.now() - from > PATIENCE_MS)
      throw new Error(`${inService} of ${wanted} instances in service after ${PATIENCE_MS} ms`)
    await wallClock.sleep(20)
  }
}
