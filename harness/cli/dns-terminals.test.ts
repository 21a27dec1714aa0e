import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { createScenario } from '#fixtures/scenarios/index'
import { scaledClock } from '../clock.ts'
import { connectCloud } from '../connect/index.ts'
import type { DnsRef } from '../gate.ts'
import type { JournalEvent } from '../journal/event.ts'
import type { StrategySpec } from '../strategy.ts'
import { deployIn, only } from './deploy-process.ts'
import { sluiceIn } from './kept-account.ts'
import { differences, takeInventory } from './simulate/inventory.ts'

const dnsTo = (to: DnsRef['to']): DnsRef => ({
  zone: 'example.com',
  record: 'shop.example.com',
  port: 80,
  to,
  ...(to === 'instances' ? { health: '/healthz' } : {}),
})

const weighted: StrategySpec = {
  name: 'dns-weighted',
  options: { steps: [50, 100], bake: '2m', extend: '6m' },
}
const cutover: StrategySpec = { name: 'dns-cutover', options: { bake: '2m', extend: '6m' } }

const intends =
  (what: RegExp) =>
  (event: JournalEvent): boolean =>
    event.type === 'action-intended' && what.test(event.what)
const reached = (event: JournalEvent): boolean => event.type === 'stage-reached'

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'sluice-dns-'))
})
afterEach(() => rmSync(project, { recursive: true }))

test.for([
  ['its first shift is made', weighted, 'load-balancers', intends(/^set records shop 50/)],
  ['half of the users have been led over', weighted, 'load-balancers', reached],
  ['answers are kept for less long than they were', cutover, 'instances', intends(/^create fleet/)],
  ['nobody is to ask the old instances any more', cutover, 'instances', intends(/until nobody asks/)],
] as const)(
  'killed as %s, a deployment by DNS is taken up by another process and leaves nothing behind',
  { timeout: 180_000 },
  async ([, strategy, to, matches]) => {
    const service = { name: 'shop', entry: { dns: dnsTo(to) } }
    await using embedded = await createEmbeddedCloud({ clock: scaledClock(100), settle: 'fast' })
    await using cloud = connectCloud(embedded.address)
    await createScenario(cloud, { ...service, region: 'us-east-1', release: { version: '1.0.0' } })
    const config = {
      cloud: { kind: 'endpoint', url: embedded.endpoint },
      service,
      releases: { old: { version: '1.0.0' }, new: { version: '1.1.0' } },
      baseline: 'old',
      release: 'new',
      strategy,
      // A busy machine delays the probe; how late it may be is a share of this limit.
      gates: { minRequests: 50, latency: { p99: '5s', slowdown: 20 } },
    }
    writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
    const before = takeInventory(embedded.world)
    let killed = false
    const {
      events,
      code: ended,
      err: said,
    } = await deployIn(project, [], (event, child) => {
      if (killed || !matches(event)) return
      killed = true
      child.kill('SIGKILL')
    })
    expect([ended, killed], said).toEqual([null, true])
    expect((await sluiceIn(project, ['unlock', '--yes'])).err).toContain('unlocked')
    // Its journal looks alive for a while; nothing else writes to it.
    const status = async (): Promise<string> => (await sluiceIn(project, ['status'])).out
    await expect.poll(status, { timeout: 30_000 }).toContain('cut off')
    const directory = only(events, 'deployment-started')[0]?.deployment ?? ''
    const { code, err } = await sluiceIn(project, ['resume', join('.sluice', directory)])
    expect(code, err).toBe(130)
    expect(differences(before, takeInventory(embedded.world))).toEqual([])
  },
)
