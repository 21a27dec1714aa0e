import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'
import { wallClock } from '#harness/clock'
import type { Row } from './row.ts'

const CONNECTIONS = 16
const WARM_UP_MS = 1_000
const MEASURE_MS = 3_000
const STARTS = 5
const PATIENCE_MS = 30_000
/** After its first answer a server may still have to give back what starting took. */
const AT_REST_MS = 2_000
const MOTO = 'moto_server'

interface Served extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  /** Wall milliseconds from the start of the process to the first answered DescribeInstances. */
  readonly firstAnswer: number
}

/** The API's figures, beside moto_server's where it is on the machine. Server and client are different processes. */
export async function apiBench(): Promise<Row[]> {
  const starts: number[] = []
  for (let run = 0; run < STARTS; run++) {
    await using server = await startSluice()
    starts.push(server.firstAnswer)
  }
  const ours = await measure(startSluice)
  const moto = await measure(startMoto).catch((thrown: unknown) => String(thrown))
  const startUp = median(starts)
  const versus = (pick: (other: Figures) => number, value: number, lowerIsBetter: boolean): Partial<Row> =>
    typeof moto === 'string'
      ? { note: `not compared: ${moto}` }
      : { against: 'moto_server', ratio: lowerIsBetter ? pick(moto) / value : value / pick(moto) }
  return [
    {
      figure: `DescribeTargetGroups, ${CONNECTIONS} connections`,
      value: ours.rate,
      unit: 'req/s',
      bound: { atLeast: 5_000 },
      ...versus((other) => other.rate, ours.rate, false),
    },
    {
      figure: 'process start to first DescribeInstances',
      value: startUp,
      unit: 'ms',
      bound: { atMost: 300 },
      ...versus((other) => other.firstAnswer, startUp, true),
    },
    {
      figure: 'resident at rest after start',
      value: ours.residentMiB,
      unit: 'MiB',
      ...(typeof moto === 'string' ? {} : { bound: { atMost: moto.residentMiB } }),
      ...versus((other) => other.residentMiB, ours.residentMiB, true),
    },
  ]
}

interface Figures {
  readonly rate: number
  readonly firstAnswer: number
  readonly residentMiB: number
}

async function measure(start: () => Promise<Served>): Promise<Figures> {
  await using server = await start()
  await wallClock.sleep(AT_REST_MS)
  const residentMiB = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(server.pid)]).toString()) / 1024
  await using pool = disposable(new Pool(server.url, { connections: CONNECTIONS, pipelining: 1 }))
  const vpc = /<vpcId>([^<]+)</.exec(await call(pool, 'ec2', 'Action=DescribeVpcs&Version=2016-11-15'))?.[1]
  await call(
    pool,
    'elasticloadbalancing',
    `Action=CreateTargetGroup&Version=2015-12-01&Name=orders&Protocol=HTTP&Port=80&VpcId=${vpc}`,
  )
  await load(pool, WARM_UP_MS)
  return { rate: await load(pool, MEASURE_MS), firstAnswer: server.firstAnswer, residentMiB }
}

/** Requests a second over every connection at once. */
async function load(pool: Pool, ms: number): Promise<number> {
  const body = 'Action=DescribeTargetGroups&Version=2015-12-01&Names.member.1=orders'
  const from = wallClock.now()
  let answered = 0
  const client = async (): Promise<void> => {
    while (wallClock.now() - from < ms) {
      const answer = await call(pool, 'elasticloadbalancing', body)
      if (!answer.includes('<TargetGroupName>orders</TargetGroupName>'))
        throw new Error(`a wrong answer: ${answer}`)
      answered++
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, client))
  return answered / ((wallClock.now() - from) / 1000)
}

async function call(pool: Pool, service: string, body: string): Promise<string> {
  const answer = await pool.request({
    path: '/',
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      authorization: `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`,
      'x-amz-date': '20260101T000000Z',
    },
    body,
  })
  return answer.body.text()
}

/** The built program, as users start it. */
async function startSluice(): Promise<Served> {
  const from = wallClock.now()
  const cli = fileURLToPath(new URL('../dist/harness/cli.js', import.meta.url))
  const argv = [cli, 'cloud', '--port', '0', '--dns-port', '0', '--settle', 'instant']
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return served(child, (JSON.parse(line) as { endpoint: string }).endpoint, from)
}

async function startMoto(): Promise<Served> {
  const port = await freePort()
  const from = wallClock.now()
  const child = spawn(MOTO, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  await Promise.race([
    once(child, 'spawn'),
    once(child, 'error').then(() => Promise.reject(new Error('moto_server is not on this machine'))),
  ])
  return served(child, `http://127.0.0.1:${port}`, from)
}

async function served(child: ChildProcess, url: string, from: number): Promise<Served> {
  await using pool = disposable(new Pool(url, { connections: 1 }))
  for (;;) {
    const answer = await call(pool, 'ec2', 'Action=DescribeInstances&Version=2016-11-15').catch(() => '')
    if (answer.includes('<DescribeInstancesResponse')) break
    if (wallClock.now() - from > PATIENCE_MS)
      throw new Error(`${url} did not answer within ${PATIENCE_MS} ms`)
    await wallClock.sleep(10)
  }
  return {
    url,
    pid: child.pid ?? 0,
    firstAnswer: wallClock.now() - from,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

const disposable = (pool: Pool): Pool & AsyncDisposable =>
  Object.assign(pool, { [Symbol.asyncDispose]: () => pool.destroy() })

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
