import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { balancedWorld } from '#fixtures/clouds/embedded/dataplane/balanced-world'
import { attachLoadBalancers } from '#fixtures/clouds/embedded/dataplane/load-balancer'
import { instanceSocketKey } from '#fixtures/clouds/embedded/world/wiring'
import { realClock } from '#harness/clock'
import type { Row } from './row.ts'

const SECONDS = 3
const CONNECTIONS = 32

/** Requests per second through a load balancer in front of a server in another process, against nginx. */
export async function loadBalancerBench(): Promise<Row[]> {
  const upstream = await script(UPSTREAM)
  try {
    const own = await measureOwn(upstream.port)
    const nginx = await measureNginx(upstream.port)
    return rows(own, nginx)
  } finally {
    upstream.process.kill()
  }
}

interface Load {
  readonly perSecond: number
  /** Requests for each second of processor time that the balancer used: free of what else the machine does. */
  readonly perCpuSecond: number
}

function rows(own: Load, nginx: Load | undefined): Row[] {
  const figure = 'load balancer'
  const atLeast = 10_000
  const round = (value: number): number => Math.round(value)
  const compared = (pick: (load: Load) => number) =>
    nginx ? { against: `nginx ${round(pick(nginx))}`, ratio: pick(own) / pick(nginx) } : {}
  const note = nginx ? {} : { note: 'nginx is not on this machine' }
  return [
    {
      figure,
      value: round(own.perSecond),
      unit: 'req/s',
      bound: { atLeast },
      ...compared(({ perSecond }) => perSecond),
      ...note,
    },
    {
      figure: `${figure}, per core`,
      value: round(own.perCpuSecond),
      unit: 'req/CPU s',
      bound: { atLeast },
      ...compared(({ perCpuSecond }) => perCpuSecond),
      ...note,
    },
  ]
}

async function measureOwn(upstreamPort: number): Promise<Load> {
  const cloud = balancedWorld()
  const balancers = attachLoadBalancers(cloud.world)
  try {
    const group = cloud.targetGroup('bench')
    const id = cloud.instance()
    cloud.world.wiring.instances.put(instanceSocketKey(id, 80), { port: upstreamPort, tls: false })
    const listener = cloud.listener(cloud.loadBalancer().arn, { Type: 'forward', TargetGroupArn: group })
    cloud.register(group, id)
    const cpu = (): number => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    }
    return await load(await cloud.portOf(listener), cpu)
  } finally {
    await balancers[Symbol.asyncDispose]()
    await cloud.close()
  }
}

const onPath = (name: string): string | undefined =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))

/** The same work by nginx with one worker; undefined where it is not installed. */
async function measureNginx(upstreamPort: number): Promise<Load | undefined> {
  const binary = onPath('nginx')
  if (!binary) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const port = await freePort()
  const config = join(folder, 'nginx.conf')
  writeFileSync(config, nginxConfig(folder, port, upstreamPort))
  const server = spawn(binary, ['-p', folder, '-c', config, '-e', join(folder, 'error.log')], {
    stdio: 'ignore',
  })
  try {
    await listening(port)
    return await load(port, () => cpuSecondsOf(server))
  } finally {
    server.kill()
    await once(server, 'exit')
    rmSync(folder, { recursive: true, force: true })
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

/** Waits until the port takes connections, for five seconds at most. */
async function listening(port: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    const socket = connect(port, '127.0.0.1')
    const up = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (up) return
    if (tries === 100) throw new Error(`nothing listens on port ${port}`)
    await realClock.wall.sleep(50)
  }
}

const nginxConfig = (folder: string, port: number, upstreamPort: number): string => `
daemon off; master_process off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
  keepalive_requests 1000000;
  upstream app { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`

/** User and system time of a process, of Linux's /proc; not a number elsewhere. */
function cpuSecondsOf({ pid }: ChildProcess): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Number.NaN
  }
}

async function load(port: number, cpuSeconds: () => number): Promise<Load> {
  const wrk = onPath('wrk')
  const run = (seconds: number) => (wrk ? runWrk(wrk, port, seconds) : runOwnClient(port, seconds))
  await run(1)
  const before = cpuSeconds()
  const { requests, seconds } = await run(SECONDS)
  return { perSecond: requests / seconds, perCpuSecond: requests / (cpuSeconds() - before) }
}

interface Run {
  readonly requests: number
  readonly seconds: number
}

async function runWrk(wrk: string, port: number, seconds: number): Promise<Run> {
  const client = spawn(wrk, ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, `http://127.0.0.1:${port}/`])
  let text = ''
  for (const stream of [client.stdout, client.stderr]) {
    stream.on('data', (bytes) => {
      text += bytes
    })
  }
  await once(client, 'close')
  const found = /(\d+) requests in ([\d.]+)s/.exec(text)
  const failed = /Non-2xx.*|Socket errors.*/.exec(text)?.[0]
  if (!found || failed) throw new Error(`wrk: ${failed ?? text}`)
  return { requests: Number(found[1]), seconds: Number(found[2]) }
}

async function runOwnClient(port: number, seconds: number): Promise<Run> {
  const client = spawn(process.execPath, ['-e', CLIENT, String(port), String(seconds), String(CONNECTIONS)])
  let text = ''
  client.stdout.on('data', (bytes) => {
    text += bytes
  })
  await once(client, 'close')
  return JSON.parse(text) as Run
}

async function script(code: string): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(createInterface(child.stdout), 'line')
  return { process: child, port: Number(line) }
}

/** Answers every request head at once: the server must not be what is measured. */
const UPSTREAM = `
const body = 'ok'.repeat(32)
const answer = Buffer.from('HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nKeep-Alive: timeout=75\\r\\nContent-Length: ' + body.length + '\\r\\n\\r\\n' + body)
const server = require('node:net').createServer({ noDelay: true }, (socket) => {
  let rest = ''
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    rest += bytes.toString('latin1')
    for (let at; (at = rest.indexOf('\\r\\n\\r\\n')) >= 0; rest = rest.slice(at + 4)) socket.write(answer)
  })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`

/** Sends the next request of a connection when the last is answered; counts answers. */
const CLIENT = `
const [port, seconds, connections] = process.argv.slice(1).map(Number)
const began = Date.now()
let requests = 0
for (let i = 0; i < connections; i++) {
  const socket = require('node:net').connect(port, '127.0.0.1')
  const send = () => socket.write('GET / HTTP/1.1\\r\\nHost: bench\\r\\n\\r\\n')
  let text = ''
  socket.on('connect', send)
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
    if (!text.includes('\\r\\n\\r\\n' + 'ok'.repeat(32))) return
    text = ''
    requests++
    send()
  })
}
setTimeout(() => { console.log(JSON.stringify({ requests, seconds: (Date.now() - began) / 1000 })); process.exit() }, seconds * 1000)
`
