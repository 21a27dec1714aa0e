import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEmbeddedCloud } from '#fixtures/clouds/embedded/index'
import { endpoint } from '#fixtures/clouds/index'
import { startCloud } from '#fixtures/clouds/start'
import { entriesOf, strategyNamed, strategyNames } from '#strategies/index'
import { scaledClock } from '../clock.ts'
import type { JournalEvent } from '../journal/event.ts'
import { Owned } from '../owned.ts'
import { deployIn } from './deploy-process.ts'
import { deregisterLeavers, prepare } from './other-cloud.ts'
import { servePlain } from './plain-endpoint.ts'

const PATIENT = { timeout: 240_000 }

/** Only what makes them short, or what they cannot be without. */
const OPTIONS: Readonly<Record<string, object>> = {
  ab: { header: { 'x-beta': '1' }, hold: '1s', bake: '1s', extend: '0s' },
  canary: { steps: [50, 100], bake: '1s', extend: '0s' },
  linear: { step: 50, interval: '1s', extend: '0s' },
}

/** So that a server that keeps what earlier runs left does not have this run's services already. */
const RUN = randomBytes(2).toString('hex')

/** Of a service that a listener leads to. */
const NAMES = strategyNames.filter((name) => entriesOf(strategyNamed(name)).includes('listener'))

const owned = new Owned()
afterAll(() => owned[Symbol.asyncDispose]())

/** The embedded cloud as a cloud of other make is seen: its APIs alone. */
let plain: string
let project: string
beforeAll(async () => {
  const embedded = owned.use(await createEmbeddedCloud({ clock: scaledClock(100), settle: 'fast' }))
  plain = owned.use(await servePlain(embedded.endpoint)).url
  project = mkdtempSync(join(tmpdir(), 'sluice-others-'))
  owned.defer(() => rmSync(project, { recursive: true }))
}, PATIENT.timeout)

async function deploy(url: string, strategy: string) {
  const name = `${strategy}-${RUN}`
  await using cloud = await startCloud(endpoint(url))
  await prepare(cloud, name)
  await using _ = deregisterLeavers(cloud)
  const config = {
    cloud: { kind: 'endpoint', url },
    service: { name, entry: { loadBalancer: name, listener: 80 } },
    releases: { old: { version: '1.0.0' }, new: { version: '1.1.0', launchTemplateVersion: 2 } },
    baseline: 'old',
    release: 'new',
    strategy: { name: strategy, options: OPTIONS[strategy] ?? { bake: '1s', extend: '0s' } },
    gates: { notRun: 'allow' },
    // moto_server says of every instance that it runs version 1 of its launch template.
    checks: {
      immutable: { skip: 'not every emulator keeps versions apart' },
      'vcpu-quota': { skip: 'not every emulator has quotas of vCPUs' },
    },
  }
  writeFileSync(join(project, 'sluice.config.mjs'), `export default ${JSON.stringify(config)}\n`)
  return deployIn(project, [])
}

/** An event without what differs by nature: instants, durations, ids, ARNs, which tests could not run. */
function told(event: JournalEvent): string {
  switch (event.type) {
    case 'phase':
      return `${event.from} → ${event.to}`
    case 'stage-started':
      return `stage ${event.name}`
    case 'stage-reached':
      return `reached ${event.name}: ${JSON.stringify([event.shares, event.versions, event.mixes])}`
    case 'action-intended':
      return event.what
    case 'action-ended':
      return `${event.kind} ${event.outcome} ${event.error ?? ''}`
    case 'waited':
      return `waited for ${event.for}: ${event.what}`
    case 'gate-started':
      return `gate ${event.stage} ${event.phase}`
    case 'gate-ended':
      return `gate ${event.stage} ${event.verdict.status}: ${event.tests
        .map(({ status, name }) => `${status} ${name}`)
        .sort()
        .join(', ')}`
    case 'deployment-ended':
      return `${event.state} ${event.exitCode}: ${event.sentence}`
    case 'deployment-started':
      return `${event.service} ${event.plan.stages.map(({ name }) => name).join(', ')} (${event.planHash})`
    default:
      return event.type
  }
}

describe.each([
  ['moto_server', 'SLUICE_MOTO'],
  ['MiniStack', 'SLUICE_MINISTACK'],
])('on %s', (server, variable) => {
  test.for(NAMES)(
    'a deployment by %s goes as on the embedded cloud, event by event',
    PATIENT,
    async (name, context) => {
      const url = process.env[variable]
      if (!url) return context.skip(`${variable} names no ${server}: run .ci/clouds`)
      const there = await deploy(url, name)
      if (there.code === 2) {
        expect(there.err).toMatch(/lacks what a deployment by .* needs; nothing was touched\n/)
        return context.skip(there.err.split('\n').slice(1, -3).join('; '))
      }
      expect(there.code, there.err).toBe(0)
      const here = await deploy(plain, name)
      expect(there.events.map(told)).toEqual(here.events.map(told))
      expect(here.events.at(-1)).toMatchObject({ type: 'deployment-ended', state: 'promoted' })
    },
  )
})
